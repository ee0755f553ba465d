internal import CMicrohttpd
internal import Glibc
internal import Synchronization

/// A thread that ends late and abandoned connections and lets refused clients read their answer.
///
/// Lingering: a connection that is closed while the client still sends is reset by the kernel, and the answer is
/// lost with it. So a duplicate of the descriptor outlives libmicrohttpd's, and what arrives is dropped for a while.
final class Sweeper: Sendable {
  private struct Lingering {
    let socket: Int32
    let deadline: Int
  }

  private static let lingeringLimit = 256
  private static let lingeringTime = 5000

  private let connections = Locked<[Int32: Connection]>([:])
  private let lingering = Locked<[Lingering]>([])
  private let isStopping = Atomic<Bool>(false)
  private let wake: Int32
  private let interval: Int
  private let thread = Locked<JoinableThread?>(nil)

  /// Starts the thread; it looks at the deadlines every `interval` milliseconds.
  init(interval: Int) throws(ServerError) {
    self.interval = interval
    wake = try ServerError.check("eventfd", eventfd(0, Int32(EFD_CLOEXEC | EFD_NONBLOCK)))
    let started = try JoinableThread { [self] in run() }
    thread.withLock { $0 = started }
  }

  deinit { close(wake) }

  /// Ends the thread and forgets what lingers.
  func stop() {
    isStopping.store(true, ordering: .releasing)
    rouse()
    if let thread = thread.withLock({ $0.take() }) { thread.join() }
    lingering.withLock { sockets in
      for entry in sockets { close(entry.socket) }
      sockets = []
    }
  }

  var connectionCount: Int { connections.withLock { $0.count } }

  /// Every open connection.
  var openConnections: [Connection] { connections.withLock { Array($0.values) } }

  func add(_ connection: Connection) { connections.withLock { $0[connection.socket] = connection } }

  /// Shuts the sockets of all connections down, which libmicrohttpd then closes.
  func shutDownConnections() {
    connections.withLock { for socket in $0.keys { shutdown(socket, Int32(SHUT_RDWR)) } }
  }

  /// Forgets a connection; behind this call its socket may be closed.
  func remove(_ connection: Connection) {
    connections.withLock { _ = $0.removeValue(forKey: connection.socket) }
  }

  /// Returns when the connections that the thread is about to cut are cut.
  func waitForSweep() { connections.withLock { _ in } }

  /// Keeps the socket open behind its owner's close, until the client has closed or a few seconds have passed.
  func linger(_ socket: Int32) {
    let duplicate = fcntl(socket, F_DUPFD_CLOEXEC, 0)
    guard duplicate != -1 else { return }
    let accepted = lingering.withLock { sockets in
      guard sockets.count < Sweeper.lingeringLimit else { return false }
      sockets.append(Lingering(socket: duplicate, deadline: Clock.now + Sweeper.lingeringTime))
      return true
    }
    if accepted { rouse() } else { close(duplicate) }
  }

  private func rouse() { eventfd_write(wake, 1) }

  private func run() {
    var sweepAt = Clock.now + interval
    while !isStopping.load(ordering: .acquiring) {
      var entries = [pollfd(fd: wake, events: Int16(POLLIN), revents: 0)]
      lingering.withLock { sockets in
        for entry in sockets { entries.append(pollfd(fd: entry.socket, events: Int16(POLLIN), revents: 0)) }
      }
      poll(&entries, nfds_t(entries.count), Int32(max(1, sweepAt - Clock.now)))
      var count: eventfd_t = 0
      eventfd_read(wake, &count)
      let now = Clock.now
      let ready = Set(entries.dropFirst().filter { $0.revents != 0 }.map(\.fd))
      dropInput(ready, now)
      guard now >= sweepAt else { continue }
      sweepAt = now + interval
      connections.withLock { for connection in $0.values { connection.cutIfHopeless(now: now) } }
    }
  }

  /// Reads what has arrived on the lingering sockets and closes those that are done.
  private func dropInput(_ ready: Set<Int32>, _ now: Int) {
    lingering.withLock { sockets in
      sockets.removeAll { entry in
        let isDone = now > entry.deadline || ready.contains(entry.socket) && Sweeper.dropInput(entry.socket)
        if isDone { close(entry.socket) }
        return isDone
      }
    }
  }

  /// Drops a bounded piece of input; `true` at its end.
  private static func dropInput(_ socket: Int32) -> Bool {
    // TCP drops the bytes in the kernel where MSG_TRUNC is given.
    let flags = Int32(MSG_TRUNC) | Int32(MSG_DONTWAIT)
    for _ in 0..<16 {
      let count = recv(socket, nil, 1 << 20, flags)
      if count <= 0 { return count == 0 || errno != EAGAIN && errno != EINTR }
    }
    return false
  }
}
