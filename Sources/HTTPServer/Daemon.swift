internal import CMicrohttpd
internal import Glibc
internal import Synchronization

/// The library's daemon and the C callbacks.
///
/// C context of every callback: the server's core, retained from start to stop. All but the log callback run on the
/// epoll thread of their connection.
struct Daemon: @unchecked Sendable {
  private let handle: OpaquePointer
  private let options: UnsafeMutablePointer<mhd_daemon_options>
  private let context: Unmanaged<ServerCore>

  /// Starts the threads, which have no listening socket: connections are added. MHD_start_daemon
  init(_ core: ServerCore) throws(ServerError) {
    let configuration = core.configuration
    context = Unmanaged.passRetained(core)
    options = .allocate(capacity: 1)
    options.initialize(to: mhd_daemon_options())
    options.pointee.flags =
      MHD_USE_EPOLL_INTERNAL_THREAD.rawValue | MHD_USE_NO_LISTEN_SOCKET.rawValue
      | MHD_ALLOW_SUSPEND_RESUME.rawValue | MHD_USE_ERROR_LOG.rawValue
    options.pointee.threads = UInt32(configuration.threads)
    // The acceptor keeps the limit; the library's own, which counts ended connections for a moment more, must not act.
    options.pointee.connection_limit = UInt32(2 * configuration.connectionLimit + configuration.threads)
    options.pointee.idle_timeout = UInt32(max(1, (core.idleMilliseconds + 999) / 1000))
    options.pointee.connection_memory = configuration.perConnectionMemory
    options.pointee.context = context.toOpaque()
    options.pointee.log = { serverCore($0).log(String(cString: $1!)) }
    options.pointee.connection_changed = connectionChanged
    options.pointee.target_received = targetReceived
    options.pointee.handle = handleRequest
    options.pointee.completed = requestCompleted
    guard let handle = mhd_start_daemon(options) else {
      let error = ServerError(function: "MHD_start_daemon", code: errno)
      options.deallocate()
      context.release()
      throw error
    }
    self.handle = handle
  }

  /// Hands a connection to one of the threads; false where it was closed instead. MHD_add_connection
  func add(_ socket: Int32, _ address: sockaddr_storage, _ length: socklen_t) -> Bool {
    withUnsafePointer(to: address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        MHD_add_connection(handle, socket, $0, length) == .YES
      }
    }
  }

  /// Ends the threads and closes every connection. No connection may be suspended. MHD_stop_daemon
  func stop() {
    MHD_stop_daemon(handle)
    options.deallocate()
    context.release()
  }
}

private func serverCore(_ context: UnsafeMutableRawPointer?) -> ServerCore {
  Unmanaged<ServerCore>.fromOpaque(context!).takeUnretainedValue()
}

/// NOTIFY_CONNECTION: a connection begins or ends.
private func connectionChanged(
  _ context: UnsafeMutableRawPointer?, _ handle: OpaquePointer?,
  _ slot: UnsafeMutablePointer<UnsafeMutableRawPointer?>?, _ change: MHD_ConnectionNotificationCode
) {
  guard let handle, let slot else { return }
  let core = serverCore(context)
  if change == .CONNECTION_NOTIFY_STARTED {
    let connection = Connection(handle, core: core)
    slot.pointee = Unmanaged.passRetained(connection).toOpaque()
    _ = connection.setDeadline(in: core.headMilliseconds)
    core.sweeper.add(connection)
  } else if let retained = slot.pointee {
    let connection = Unmanaged<Connection>.fromOpaque(retained).takeRetainedValue()
    slot.pointee = nil
    core.sweeper.remove(connection)
    core.openConnections.wrappingSubtract(1, ordering: .relaxed)
  }
}

/// URI_LOG_CALLBACK: a request line has arrived; what is returned becomes `con_cls`. Only here is the target as the
/// client sent it.
private func targetReceived(
  _ context: UnsafeMutableRawPointer?, _ target: UnsafePointer<CChar>?, _ handle: OpaquePointer?
) -> UnsafeMutableRawPointer? {
  guard let handle, let slot = mhd_connection_context(handle) else { return nil }
  let connection = Unmanaged<Connection>.fromOpaque(slot).takeUnretainedValue()
  _ = connection.setDeadline(in: connection.core.headMilliseconds)
  let bytes = UnsafeRawBufferPointer(start: target, count: target.map { strlen($0) } ?? 0)
  return Unmanaged.passRetained(Exchange(handle, connection, target: bytes)).toOpaque()
}

/// The access handler: once with the head, then with each piece of the body, then with a size of 0.
private func handleRequest(
  _ context: UnsafeMutableRawPointer?, _ handle: OpaquePointer?, _ url: UnsafePointer<CChar>?,
  _ method: UnsafePointer<CChar>?, _ version: UnsafePointer<CChar>?, _ data: UnsafePointer<CChar>?,
  _ size: UnsafeMutablePointer<Int>?, _ slot: UnsafeMutablePointer<UnsafeMutableRawPointer?>?
) -> MHD_Result {
  guard let retained = slot?.pointee, let size, let url, let method, let version else { return .NO }
  let exchange = Unmanaged<Exchange>.fromOpaque(retained).takeUnretainedValue()
  return exchange.isAtHead ? exchange.receiveHead(url, method, version) : exchange.receive(data, size)
}

/// NOTIFY_COMPLETED: the request is over, answered or not.
private func requestCompleted(
  _ context: UnsafeMutableRawPointer?, _ handle: OpaquePointer?,
  _ slot: UnsafeMutablePointer<UnsafeMutableRawPointer?>?, _ code: MHD_RequestTerminationCode
) {
  guard let slot, let retained = slot.pointee else { return }
  slot.pointee = nil
  Unmanaged<Exchange>.fromOpaque(retained).takeRetainedValue().complete()
}
