import Dispatch
import HTTPServer

/// The workers that score: as many threads as cores, a bounded queue before them.
///
/// A request takes a place when its head arrives and keeps it until it is answered; without a free place, or room for its
/// body, it is refused before its body is read. A batch is spread over workers that are idle.
final class ScoringPool: Sendable {
  struct Limits: Sendable {
    /// Threads that score.
    var width = 2
    /// Requests that have a place at once: being received, waiting and worked on.
    var requests = 1024
    /// Bytes of their bodies in all.
    var bytes = 2 << 30
    /// How long a request may wait and work before it is given up.
    var deadline = Duration.seconds(60)
  }

  private struct State {
    var requests = 0
    var bytes = 0
    // A slice keeps what is dropped from its front until it moves, so the places of what was taken are nil.
    var waiting: ArraySlice<(@Sendable () -> Void)?> = []
    var workers = 0
  }

  let limits: Limits
  private let state = Locked(State())
  private let queue = DispatchQueue(label: "hausdorffd.scoring", qos: .userInitiated, attributes: .concurrent)

  init(limits: Limits) {
    precondition(limits.width > 0)
    self.limits = limits
  }

  /// Requests that have a place now.
  var requestCount: Int { state.withLock { $0.requests } }

  /// A place for a request; its end gives the place back.
  func admit() throws(Problem) -> Place {
    let isFree = state.withLock { state in
      guard state.requests < limits.requests else { return false }
      state.requests += 1
      return true
    }
    guard isFree else {
      throw Problem(
        status: 503, detail: "All \(limits.requests) places for requests are taken.",
        headers: ["Retry-After": "1"])
    }
    return Place(pool: self)
  }

  /// Has a worker do `work`, after what waits already.
  func submit(_ work: @escaping @Sendable () -> Void) {
    let startsWorker = state.withLock { state in
      state.waiting.append(work)
      guard state.workers < limits.width else { return false }
      state.workers += 1
      return true
    }
    if startsWorker { queue.async { self.drain() } }
  }

  /// Calls `each` with 0..<count, here and on workers that are idle now, and `finish` after the last; does not wait.
  func spread(
    _ count: Int, each: @escaping @Sendable (Int) -> Void, finish: @escaping @Sendable () -> Void
  ) {
    guard count > 0 else { return finish() }
    let progress = Locked((next: 0, left: count))
    let work: @Sendable () -> Void = {
      while let index = progress.withLock({ progress -> Int? in
        guard progress.next < count else { return nil }
        progress.next += 1
        return progress.next - 1
      }) {
        each(index)
        let isLast = progress.withLock { progress in
          progress.left -= 1
          return progress.left == 0
        }
        if isLast { finish() }
      }
    }
    let helpers = state.withLock { state in
      let helpers = state.waiting.isEmpty ? min(limits.width - state.workers, count - 1) : 0
      state.workers += helpers
      return helpers
    }
    for _ in 0..<helpers {
      queue.async {
        work()
        self.drain()
      }
    }
    work()
  }

  /// Calls `each` with 0..<count, here and on workers that are idle now; returns behind the last call.
  func perform(_ count: Int, _ each: @escaping @Sendable (Int) -> Void) {
    let done = DispatchSemaphore(value: 0)
    spread(count, each: each) { done.signal() }
    done.wait()
  }

  /// Does what waits until nothing does.
  private func drain() {
    while let work = state.withLock({ state -> (@Sendable () -> Void)? in
      guard !state.waiting.isEmpty else {
        state.workers -= 1
        state.waiting = []
        return nil
      }
      let work = state.waiting[state.waiting.startIndex].take()
      state.waiting.removeFirst()
      return work
    }) {
      work()
    }
  }

  /// The room that one request takes.
  final class Place: Admission {
    private let pool: ScoringPool
    private let bytes = Locked(0)

    fileprivate init(pool: ScoringPool) { self.pool = pool }

    deinit {
      let bytes = bytes.withLock { $0 }
      pool.state.withLock { state in
        state.requests -= 1
        state.bytes -= bytes
      }
    }

    func hasRoom(forBytes count: Int) -> Bool {
      pool.state.withLock { count <= pool.limits.bytes - $0.bytes }
    }

    func reserve(bytes count: Int) -> Bool {
      let fits = pool.state.withLock { state in
        guard count <= pool.limits.bytes - state.bytes else { return false }
        state.bytes += count
        return true
      }
      if fits { bytes.withLock { $0 += count } }
      return fits
    }

    func release(bytes count: Int) {
      bytes.withLock { $0 -= count }
      pool.state.withLock { $0.bytes -= count }
    }
  }
}
