internal import CMicrohttpd
internal import Glibc
internal import Synchronization

/// One TCP connection, from its acceptance to its end.
///
/// C context: retained in libmicrohttpd's socket context from NOTIFY_CONNECTION started to closed, both on the
/// connection's epoll thread. The sweeper knows it for the same time, exchanges retain it longer.
final class Connection: Sendable {
  let core: ServerCore
  let socket: Int32
  let peer: PeerAddress
  /// The suspended exchange, and the answer that it is resumed with.
  let suspended = Locked(Suspended())
  /// The stream that is being sent.
  let stream = Locked<StreamBuffer?>(nil)
  /// The request that has begun and not ended.
  private let exchange = Locked<Exchange?>(nil)

  /// What TLS has shown; its session looks at it to the end.
  let identity = Locked<TLSIdentity?>(nil)
  /// What answers to the request that was received last need to know of it.
  let asked = Locked(Asked())

  struct Asked {
    var id = ""
    /// The page that asks.
    var origin: String?
    /// How it is told problems; nil as problem details.
    var problemForm: ProblemForm?
  }

  struct Suspended {
    var exchange: Exchange?
    var answer: Response?
  }

  // When the sweeper cuts the connection, in monotonic milliseconds; or one of the two below. Whoever replaces a
  // time wins: the epoll thread goes on or the sweeper cuts, never both.
  private let deadline = Atomic<Int>(none)
  private let isReadingBody = Atomic<Bool>(false)
  // The status that the sweeper told a client before it cut the connection; 0 before.
  private let toldStatus = Atomic<Int>(0)
  // The deadline at which the sweeper last saw the end of the input.
  private let endSeenAt = Atomic<Int>(none)
  private static let none = 0
  private static let cut = -1

  init(_ handle: OpaquePointer, core: ServerCore) {
    self.core = core
    socket = mhd_connection_socket(handle)
    peer = PeerAddress(mhd_connection_peer(handle))
  }

  /// Holds a request until it ends, another begins or the connection ends: libmicrohttpd does not tell the end of one
  /// whose query fills the connection's memory.
  func begin(_ next: Exchange) {
    endExchange()
    exchange.withLock { $0 = next }
  }

  /// Ends the request that there is.
  func endExchange() { exchange.withLock { $0.take() }?.complete() }

  /// Lets the client have this many milliseconds from now; `false` where the connection was cut.
  func setDeadline(in milliseconds: Int, readingBody: Bool = false) -> Bool {
    isReadingBody.store(readingBody, ordering: .relaxed)
    return deadline.exchange(Clock.now + milliseconds, ordering: .acquiringAndReleasing) != Connection.cut
  }

  /// Extends the deadline that is set, but not beyond `limit` milliseconds from now, so that no credit is saved up;
  /// `false` where the connection was cut.
  func extendDeadline(by milliseconds: Int, limit: Int) -> Bool {
    let current = deadline.load(ordering: .relaxed)
    guard current != Connection.cut else { return false }
    let extended = min(current + milliseconds, Clock.now + limit)
    return deadline.compareExchange(
      expected: current, desired: extended, ordering: .acquiringAndReleasing
    ).exchanged
  }

  /// Takes the deadline off; `false` where the connection was cut.
  func removeDeadline() -> Bool {
    deadline.exchange(Connection.none, ordering: .acquiringAndReleasing) != Connection.cut
  }

  /// Ends a connection whose deadline has passed, or whose client has closed its side in mid-body. Runs on the sweeper's
  /// thread, which keeps the connection from being closed meanwhile; shuts the socket down and leaves closing it to
  /// libmicrohttpd.
  func cutIfHopeless(now: Int) {
    let current = deadline.load(ordering: .acquiring)
    guard current > 0 else { return }
    let isReadingBody = isReadingBody.load(ordering: .relaxed)
    let isLate = current < now
    guard isLate || isReadingBody && bodyHasEnded(deadline: current),
      deadline.compareExchange(
        expected: current, desired: Connection.cut, ordering: .acquiringAndReleasing
      ).exchanged
    else { return }
    if isReadingBody {
      let problem =
        isLate
        ? Problem(status: 408, detail: "The body did not arrive in time.", close: true)
        : Problem.malformed("The connection ended within the body.")
      // Under TLS only the epoll thread could say it.
      if core.configuration.tls == nil {
        LastWords(told(Response(problem)), id: asked.withLock { $0.id }).send(to: socket)
      }
      toldStatus.store(problem.status, ordering: .relaxed)
    }
    shutdown(socket, Int32(SHUT_RDWR))
  }

  /// The status that the client was told when the connection was cut; nil where it was not.
  var lastStatus: Int? {
    let status = toldStatus.load(ordering: .relaxed)
    return status == 0 ? nil : status
  }

  /// Whether the end of the input was there at the last sweep already and nothing has come since: every piece of a body
  /// moves the deadline. libmicrohttpd does not notice an end that arrives together with bytes.
  private func bodyHasEnded(deadline: Int) -> Bool {
    var byte: UInt8 = 0
    guard recv(socket, &byte, 1, Int32(MSG_PEEK) | Int32(MSG_DONTWAIT)) == 0 else { return false }
    return endSeenAt.exchange(deadline, ordering: .relaxed) == deadline
  }

  /// Has the kernel give up on a client that does not take what was sent for so many milliseconds; 0 leaves that to it.
  /// What lies in the socket's buffer is sent already as far as libmicrohttpd knows, and no deadline is set.
  func setUserTimeout(_ milliseconds: Int) {
    var value = UInt32(clamping: milliseconds)
    setsockopt(socket, Int32(IPPROTO_TCP), TCP_USER_TIMEOUT, &value, socklen_t(MemoryLayout<UInt32>.size))
  }

  /// Whether the client has closed its side, or lost the connection. The socket must be known to be open.
  func peerHasClosed() -> Bool {
    var entry = pollfd(fd: socket, events: socket_peer_closed, revents: 0)
    return poll(&entry, 1, 0) == 1
  }
}

/// Monotonic milliseconds.
enum Clock {
  static var now: Int {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC_COARSE, &time)
    return time.tv_sec * 1000 + time.tv_nsec / 1_000_000
  }
}
