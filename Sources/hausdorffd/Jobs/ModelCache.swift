import Glibc
import HTTPServer
import Training
import UNet

/// Models of jobs, ready to predict: the few that were used last.
///
/// Predictions are made one after another on one thread, on as many cores as it may use: OpenMP keeps a team of threads for
/// each thread that starts one.
final class ModelCache: Sendable {
  /// What a file was when it was loaded. A file that is replaced is another.
  struct Identity: Equatable, Sendable {
    private let device, file, size, seconds, nanoseconds: Int

    /// Nil where there is no such file.
    init?(of path: String) {
      var status = stat()
      guard stat(path, &status) == 0 else { return nil }
      (device, file, size) = (Int(status.st_dev), Int(status.st_ino), Int(status.st_size))
      (seconds, nanoseconds) = (status.st_mtim.tv_sec, status.st_mtim.tv_nsec)
    }

    /// The same for no other file.
    var tag: String {
      [device, file, size, seconds, nanoseconds].map { String($0, radix: 36) }.joined(separator: "-")
    }
  }

  /// A model with the layers that apply it.
  final class Entry {
    let path: String
    let identity: Identity
    let preprocessing: Preprocessing
    let predictor: Predictor

    fileprivate init(path: String, identity: Identity, threads: Int) throws(UNetError) {
      (self.path, self.identity) = (path, identity)
      let model = try Model(path: path)
      preprocessing = model.preprocessing
      predictor = try Predictor(weights: model.weights, threads: threads)
    }
  }

  private let capacity: Int
  private let threads: Int
  private let waiting = Locked<[@Sendable () -> Void]>([])
  private let bell = Bell()
  // The last used comes last; touched by the thread only.
  private nonisolated(unsafe) var entries: [Entry] = []

  /// - Parameters:
  ///   - capacity: how many models to keep.
  ///   - threads: to compute on.
  init(capacity: Int, threads: Int) {
    (self.capacity, self.threads) = (capacity, threads)
    BackgroundThread.start { [self] in work() }
  }

  /// Has the thread do `body` behind what waits already.
  func submit(_ body: @escaping @Sendable () -> Void) {
    waiting.withLock { $0.append(body) }
    bell.ring()
  }

  /// A model, loaded where it is not kept; on the cache's own thread only.
  func entry(_ path: String) throws(UNetError) -> Entry {
    guard let identity = Identity(of: path) else { throw UNetError(.model, "the model is gone") }
    if let index = entries.firstIndex(where: { $0.path == path && $0.identity == identity }) {
      let entry = entries.remove(at: index)
      entries.append(entry)
      return entry
    }
    entries.removeAll { $0.path == path }
    if entries.count >= capacity { entries.removeFirst() }
    let entry = try Entry(path: path, identity: identity, threads: threads)
    entries.append(entry)
    return entry
  }

  private func work() {
    while true {
      bell.wait(seconds: .infinity)
      while let body = waiting.withLock({ $0.isEmpty ? nil : $0.removeFirst() }) { body() }
    }
  }
}
