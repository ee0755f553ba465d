import HTTPServer

/// Whether the server should be sent requests.
final class Readiness: Sendable {
  enum State: String, Sendable {
    case starting, ready
    case draining = "draining: it is about to stop"
  }

  private let current = Locked(State.starting)
  private let trouble = Locked<String?>(nil)

  var state: State {
    get { current.withLock { $0 } }
    set { current.withLock { $0 = newValue } }
  }

  /// Tells why no requests should be sent, as a problem.
  func check() throws(Problem) {
    let state = state
    let reason = state == .ready ? problem : "The server is \(state.rawValue)."
    if let reason { throw Problem(status: 503, detail: reason, headers: ["Retry-After": "1"]) }
  }

  /// What is wrong with the store or the disk, a sentence; nil where nothing is.
  var problem: String? {
    get { trouble.withLock { $0 } }
    set { trouble.withLock { $0 = newValue } }
  }
}
