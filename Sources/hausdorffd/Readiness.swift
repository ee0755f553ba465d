import HTTPServer

/// Whether the server should be sent requests.
final class Readiness: Sendable {
  enum State: String, Sendable {
    case starting, ready
    case draining = "draining: it is about to stop"
  }

  private let current = Locked(State.starting)
  private let trouble = Locked<String?>(nil)
  private let free = Locked<Int?>(nil)
  private let lookedAt = Locked(ContinuousClock.now)
  /// A store or a disk that lets a look wait for longer hangs.
  private static let longestLook = Duration.seconds(20)
  private let pool: ScoringPool?

  /// - Parameter pool: what scores; nil in a process that does not.
  init(pool: ScoringPool?) { self.pool = pool }

  var state: State {
    get { current.withLock { $0 } }
    set { current.withLock { $0 = newValue } }
  }

  /// Tells why no requests should be sent, as a problem.
  func check() throws(Problem) {
    if let reason { throw Problem(status: 503, detail: reason, headers: ["Retry-After": "1"]) }
  }

  /// What is wrong with the store or the disk, a sentence; nil where nothing is.
  var problem: String? {
    get { trouble.withLock { $0 } }
    set { trouble.withLock { $0 = newValue } }
  }

  /// Notes that the store and the disk have answered just now, or failed to.
  func look() { lookedAt.withLock { $0 = .now } }

  /// Bytes free on the disk of the data folder, when last looked; nil before the first look.
  var freeBytes: Int? {
    get { free.withLock { $0 } }
    set { free.withLock { $0 = newValue } }
  }

  /// Why no requests should be sent, a sentence; nil where they should. A full queue is no reason: it is told with each
  /// request that it refuses.
  var reason: String? {
    let state = state
    if state != .ready { return "The server is \(state.rawValue)." }
    if let problem { return problem }
    if ContinuousClock.now - lookedAt.withLock({ $0 }) > Self.longestLook {
      return "The job store, or the disk of the data folder, does not answer."
    }
    guard let pool, pool.isStuck else { return nil }
    return "No worker has finished anything for longer than a request may take."
  }

  /// How things are where there is no reason, a line each.
  var details: String {
    var lines = ["store: it answers", "disk: \(freeBytes.map { "\($0) bytes free" } ?? "not looked at yet")"]
    if let pool {
      lines += [
        "requests being received, waiting or worked on: \(pool.requestCount) of \(pool.limits.requests)",
        "workers: \(pool.workerCount) of \(pool.limits.width) at work",
      ]
    }
    return lines.map { $0 + "\n" }.joined()
  }
}
