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
    var waiting: ArraySlice<Waiting?> = []
    var workers = 0
    var isWatching = false

    /// Takes what waits first.
    mutating func next() -> (@Sendable () -> Void)? {
      guard !waiting.isEmpty else { return nil }
      let first = waiting[waiting.startIndex].take()
      waiting.removeFirst()
      return first?.work
    }
  }

  private struct Waiting {
    let work: @Sendable () -> Void
    let deadline: ContinuousClock.Instant
  }

  let limits: Limits
  private let state = Locked(State())
  private let deadlines = DispatchQueue(label: "hausdorffd.deadlines", qos: .userInitiated)

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

  /// Has a worker do `work`, after what waits already; where none is free until the deadline has passed, some other thread.
  ///
  /// - Parameter work: asks first whether it is still wanted.
  func submit(_ work: @escaping @Sendable () -> Void) {
    let waiting = Waiting(work: work, deadline: ContinuousClock.now + limits.deadline)
    let (startsWorker, startsWatch) = state.withLock { state in
      state.waiting.append(waiting)
      guard state.workers == limits.width else {
        state.workers += 1
        return (true, false)
      }
      defer { state.isWatching = true }
      return (false, !state.isWatching)
    }
    if startsWorker { Self.startWorker { self.drain() } }
    if startsWatch { watch() }
  }

  /// Runs `work` on a thread at once.
  private static func startWorker(_ work: @escaping @Sendable () -> Void) {
    // All concurrent queues of the process share as many threads as there are cores, so one pool's work would keep
    // another's waiting for as long as it lasts. Each serial queue gets a thread.
    DispatchQueue(label: "hausdorffd.worker", qos: .userInitiated).async(execute: work)
  }

  /// Looks once a second, as long as something waits, for what has waited past its deadline.
  private func watch() {
    deadlines.asyncAfter(deadline: .now() + 1) {
      let now = ContinuousClock.now
      while let late = self.state.withLock({ state -> (@Sendable () -> Void)? in
        guard let first = state.waiting.first, let first, first.deadline <= now else {
          state.isWatching = !state.waiting.isEmpty
          return nil
        }
        return state.next()
      }) {
        late()
      }
      if self.state.withLock({ $0.isWatching }) { self.watch() }
    }
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
      Self.startWorker {
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
      guard let work = state.next() else {
        state.workers -= 1
        state.waiting = []
        return nil
      }
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
