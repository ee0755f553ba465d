internal import CMicrohttpd
internal import Glibc
internal import Synchronization

/// The library's daemons, one for each thread, and the C callbacks.
///
/// libmicrohttpd asks epoll for 128 events at a time. Where exactly as many are there it asks once more before it looks at
/// any, and sleeps until something else happens to one of the thread's connections. So each thread has a descriptor to
/// wake it by; daemons with a pool of threads do not let others at their threads' epoll sets.
///
/// C context of every callback: the server's core, retained from start to stop. All but the log callback run on the
/// epoll thread of their connection.
final class Daemon: @unchecked Sendable {
  private struct Thread {
    let handle: OpaquePointer
    let wake: Int32
  }

  /// So many connections may have so many events that a thread needs to be woken.
  static let crowd = 127

  private var threads: [Thread] = []
  private let options: UnsafeMutablePointer<mhd_daemon_options>
  private let context: Unmanaged<ServerCore>
  private let added = Atomic<Int>(0)

  /// Starts the threads, which have no listening socket: connections are added. MHD_start_daemon
  init(_ core: ServerCore) throws(ServerError) {
    let configuration = core.configuration
    context = Unmanaged.passRetained(core)
    options = .allocate(capacity: 1)
    options.initialize(to: mhd_daemon_options())
    options.pointee.flags =
      MHD_USE_EPOLL_INTERNAL_THREAD.rawValue | MHD_USE_NO_LISTEN_SOCKET.rawValue
      | MHD_ALLOW_SUSPEND_RESUME.rawValue | MHD_USE_ERROR_LOG.rawValue
    // The acceptor keeps the limit; the library's own, which counts ended connections for a moment more, must not act.
    options.pointee.connection_limit = UInt32(2 * configuration.connectionLimit + 1)
    options.pointee.idle_timeout = UInt32(max(1, (core.idleMilliseconds + 999) / 1000))
    options.pointee.connection_memory = configuration.perConnectionMemory
    options.pointee.context = context.toOpaque()
    options.pointee.log = { serverCore($0).hooks.log(String(cString: $1!)) }
    options.pointee.refused = { serverCore($0).hooks.observeUnreadable(Int($1)) }
    options.pointee.connection_changed = connectionChanged
    options.pointee.target_received = targetReceived
    options.pointee.handle = handleRequest
    options.pointee.completed = requestCompleted
    if configuration.tls != nil {
      options.pointee.flags |= MHD_USE_TLS.rawValue
      options.pointee.show_identity = showIdentity
    }
    do throws(ServerError) {
      for _ in 0..<configuration.threads { threads.append(try start()) }
    } catch {
      stop()
      throw error
    }
  }

  private func start() throws(ServerError) -> Thread {
    let wake = try ServerError.check("eventfd", eventfd(0, Int32(EFD_CLOEXEC | EFD_NONBLOCK)))
    guard let handle = mhd_start_daemon(options) else {
      let error = ServerError(function: "MHD_start_daemon", code: errno)
      close(wake)
      throw error
    }
    do throws(ServerError) {
      try ServerError.check("epoll_ctl", mhd_add_waker(handle, wake))
    } catch {
      MHD_stop_daemon(handle)
      close(wake)
      throw error
    }
    return Thread(handle: handle, wake: wake)
  }

  /// Hands a connection to one of the threads, in turn; false where it was closed instead. MHD_add_connection
  func add(_ socket: Int32, _ address: sockaddr_storage, _ length: socklen_t) -> Bool {
    let number = added.wrappingAdd(1, ordering: .relaxed).oldValue
    let thread = threads[number % threads.count]
    return withUnsafePointer(to: address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        MHD_add_connection(thread.handle, socket, $0, length) == .YES
      }
    }
  }

  /// Has every thread look at the events that it has.
  func wake() {
    for thread in threads { eventfd_write(thread.wake, 1) }
  }

  /// Ends the threads and closes every connection; once. No connection may be suspended. MHD_stop_daemon
  func stop() {
    for thread in threads {
      MHD_stop_daemon(thread.handle)
      close(thread.wake)
    }
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
    connection.endExchange()
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
  let exchange = Exchange(handle, connection, target: bytes)
  connection.begin(exchange)
  return Unmanaged.passUnretained(exchange).toOpaque()
}

/// The access handler: once with the head, then with each piece of the body, then with a size of 0.
private func handleRequest(
  _ context: UnsafeMutableRawPointer?, _ handle: OpaquePointer?, _ url: UnsafePointer<CChar>?,
  _ method: UnsafePointer<CChar>?, _ version: UnsafePointer<CChar>?, _ data: UnsafePointer<CChar>?,
  _ size: UnsafeMutablePointer<Int>?, _ slot: UnsafeMutablePointer<UnsafeMutableRawPointer?>?
) -> MHD_Result {
  guard let held = slot?.pointee, let size, let url, let method, let version else { return .NO }
  let exchange = Unmanaged<Exchange>.fromOpaque(held).takeUnretainedValue()
  return exchange.isAtHead ? exchange.receiveHead(url, method, version) : exchange.receive(data, size)
}

/// NOTIFY_COMPLETED: the request is over, answered or not.
private func requestCompleted(
  _ context: UnsafeMutableRawPointer?, _ handle: OpaquePointer?,
  _ slot: UnsafeMutablePointer<UnsafeMutableRawPointer?>?, _ code: MHD_RequestTerminationCode
) {
  guard let slot, let held = slot.pointee else { return }
  slot.pointee = nil
  Unmanaged<Exchange>.fromOpaque(held).takeUnretainedValue().connection.endExchange()
}
