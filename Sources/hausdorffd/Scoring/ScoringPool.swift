import CoreMetrics
import Dispatch
import HTTPServer
import Synchronization

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
    /// When a worker last began something.
    var takenAt = ContinuousClock.now

    /// Takes what waits first.
    mutating func next() -> Waiting? {
      guard !waiting.isEmpty else { return nil }
      let first = waiting[waiting.startIndex].take()
      waiting.removeFirst()
      return first
    }
  }

  private struct Waiting {
    let work: @Sendable () -> Void
    let since: ContinuousClock.Instant
  }

  /// What metrics call it.
  let name: String
  let limits: Limits
  private let state = Locked(State())
  private let waitTime: Timer
  private let deadlines = DispatchQueue(label: "hausdorffd.deadlines")

  init(limits: Limits, name: String = "scoring") {
    precondition(limits.width > 0)
    (self.limits, self.name) = (limits, name)
    waitTime = Timer(label: MetricName.queueWait.rawValue, dimensions: [("pool", name)])
  }

  /// Workers that are at work now.
  var workerCount: Int { state.withLock { $0.workers } }

  /// Sets the metrics of what it holds now.
  func collect() {
    let (requests, waiting, bytes, workers) = state.withLock {
      ($0.requests, $0.waiting.count, $0.bytes, $0.workers)
    }
    let pool = [("pool", name)]
    Meter.set(.places, pool, to: requests)
    Meter.set(.placesLimit, pool, to: limits.requests)
    Meter.set(.waiting, pool, to: waiting)
    Meter.set(.queuedBytes, pool, to: bytes)
    Meter.set(.queuedBytesLimit, pool, to: limits.bytes)
    Meter.set(.workers, pool, to: limits.width)
    Meter.set(.busyWorkers, pool, to: workers)
  }

  /// Requests that have a place now.
  var requestCount: Int { state.withLock { $0.requests } }

  /// Whether all workers have been at what they do for longer than any request may take.
  var isStuck: Bool {
    let longest = limits.deadline * 2
    return state.withLock { $0.workers == limits.width && ContinuousClock.now - $0.takenAt > longest }
  }

  /// A place for a request; its end gives the place back.
  func admit() throws(Problem) -> Place {
    let isFree = state.withLock { state in
      guard state.requests < limits.requests else { return false }
      state.requests += 1
      return true
    }
    guard isFree else {
      Refusals.count(.full)
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
    let waiting = Waiting(work: work, since: .now)
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
    DispatchQueue(label: "hausdorffd.worker").async(execute: work)
  }

  /// Looks once a second, as long as something waits, for what has waited past its deadline.
  private func watch() {
    deadlines.asyncAfter(deadline: .now() + 1) {
      let now = ContinuousClock.now
      while let late = self.state.withLock({ state -> Waiting? in
        guard let first = state.waiting.first, let first, first.since + self.limits.deadline <= now else {
          state.isWatching = !state.waiting.isEmpty
          return nil
        }
        return state.next()
      }) {
        late.work()
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
      if helpers > 0 { state.takenAt = .now }
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
    while let next = state.withLock({ state -> Waiting? in
      guard let next = state.next() else {
        state.workers -= 1
        state.waiting = []
        return nil
      }
      state.takenAt = .now
      return next
    }) {
      waitTime.recordNanoseconds((ContinuousClock.now - next.since).nanoseconds)
      next.work()
    }
  }

  /// The room that one request takes.
  final class Place: Admission {
    private let pool: ScoringPool
    private let bytes = Atomic<Int>(0)

    fileprivate init(pool: ScoringPool) { self.pool = pool }

    /// Bytes that the request takes now, and that all may take together.
    var reservedBytes: Int { bytes.load(ordering: .relaxed) }
    var limit: Int { pool.limits.bytes }

    deinit {
      let bytes = reservedBytes
      pool.state.withLock { state in
        state.requests -= 1
        state.bytes -= bytes
      }
    }

    func hasRoom(forBytes count: Int) -> Bool {
      let fits = pool.state.withLock { count <= pool.limits.bytes - $0.bytes }
      if !fits { Refusals.count(.memory) }
      return fits
    }

    func reserve(bytes count: Int) -> Bool {
      let fits = pool.state.withLock { state in
        guard count <= pool.limits.bytes - state.bytes else { return false }
        state.bytes += count
        return true
      }
      let taken = fits ? bytes.wrappingAdd(count, ordering: .relaxed).newValue : reservedBytes
      // What can never fit is the client's mistake.
      if !fits, count <= limit - taken { Refusals.count(.memory) }
      return fits
    }

    func release(bytes count: Int) {
      bytes.wrappingSubtract(count, ordering: .relaxed)
      pool.state.withLock { $0.bytes -= count }
    }
  }
}
