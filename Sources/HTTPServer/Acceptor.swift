internal import CMicrohttpd
internal import Glibc
internal import Synchronization

/// A thread that accepts connections and deals them out to libmicrohttpd's threads, and wakes those while they have many.
///
/// Left to themselves, each of those takes every connection that it finds waiting: clients that connect together end up on
/// a few of them, and the other cores are idle.
final class Acceptor: Sendable {
  private let core: ServerCore
  private let socket: Int32
  private let daemon: Daemon
  private let wake: Int32
  private let isStopping = Atomic<Bool>(false)
  private let silentUntil = Atomic<Int>(0)
  private let thread = Locked<JoinableThread?>(nil)

  /// Milliseconds that accepting rests while there are too many connections, or no descriptors; and between two wakes.
  private static let rest: Int32 = 10
  /// Milliseconds between two complaints.
  private static let silence = 60_000

  /// Starts the thread; takes over the listening socket, unless it throws.
  init(_ core: ServerCore, _ socket: Int32, _ daemon: Daemon) throws(ServerError) {
    (self.core, self.socket, self.daemon) = (core, socket, daemon)
    wake = try ServerError.check("eventfd", eventfd(0, Int32(EFD_CLOEXEC | EFD_NONBLOCK)))
    let started = try JoinableThread { [self] in run() }
    thread.withLock { $0 = started }
  }

  deinit { close(wake) }

  /// Accepts nothing more, and refuses who waits to be accepted; once.
  func stop() {
    isStopping.store(true, ordering: .releasing)
    eventfd_write(wake, 1)
    if let thread = thread.withLock({ $0.take() }) { thread.join() }
    close(socket)
  }

  private func run() {
    var rests = false
    while !isStopping.load(ordering: .acquiring) {
      var entries = [
        pollfd(fd: wake, events: Int16(POLLIN), revents: 0),
        pollfd(fd: rests ? -1 : socket, events: Int16(POLLIN), revents: 0),
      ]
      let isCrowded = core.openConnections.load(ordering: .relaxed) >= Daemon.crowd
      let ready = poll(&entries, nfds_t(entries.count), rests || isCrowded ? Acceptor.rest : -1)
      if ready == 0, isCrowded { daemon.wake() }
      rests = !acceptAll()
    }
  }

  /// Accepts what waits; false where it cannot accept all now.
  private func acceptAll() -> Bool {
    let flags = Int32(SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue)
    while !isStopping.load(ordering: .acquiring) {
      guard core.openConnections.load(ordering: .relaxed) < core.configuration.connectionLimit else {
        return false
      }
      var address = sockaddr_storage()
      var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
      let connection = withUnsafeMutablePointer(to: &address) {
        $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { accept4(socket, $0, &length, flags) }
      }
      guard connection != -1 else {
        switch errno {
        case EAGAIN: return true
        case EMFILE, ENFILE, ENOBUFS, ENOMEM:
          complain("no connection can be accepted: \(String(cString: strerror(errno)))")
          return false
        default: continue  // this one connection has failed
        }
      }
      core.openConnections.wrappingAdd(1, ordering: .relaxed)
      if !daemon.add(connection, address, length) {
        core.openConnections.wrappingSubtract(1, ordering: .relaxed)
      }
    }
    return true
  }

  private func complain(_ message: String) {
    guard Clock.now >= silentUntil.load(ordering: .relaxed) else { return }
    silentUntil.store(Clock.now + Acceptor.silence, ordering: .relaxed)
    core.hooks.complain(message)
  }
}
