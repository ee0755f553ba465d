import HTTPServer

/// Whether the server should be sent requests.
final class Readiness: Sendable {
  enum State: String, Sendable {
    case starting, ready
    case draining = "draining: it is about to stop"
  }

  private let current = Locked(State.starting)

  var state: State {
    get { current.withLock { $0 } }
    set { current.withLock { $0 = newValue } }
  }
}
