import HTTPServer

/// Whether the server should be sent requests.
final class Readiness: Sendable {
  enum State: String, Sendable {
    case starting, ready
    case draining = "draining: it is about to stop"
  }

  private let current = Locked(State.starting)
  private let store = Locked(true)

  var state: State {
    get { current.withLock { $0 } }
    set { current.withLock { $0 = newValue } }
  }

  /// Whether the job store answered when it was last asked.
  var hasStore: Bool {
    get { store.withLock { $0 } }
    set { store.withLock { $0 = newValue } }
  }
}
