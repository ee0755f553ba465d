internal import CMicrohttpd
internal import Glibc
internal import Synchronization

/// An HTTP/1.1 server on libmicrohttpd: a few threads read and write all sockets, handlers answer at once or later
/// from other threads.
public final class HTTPServer: Sendable {
  private let core: ServerCore
  private let daemon: Locked<(daemon: Daemon, acceptor: Acceptor)?>

  /// The TCP port that it listens on.
  public let port: Int

  /// Starts to listen and to answer.
  ///
  /// Ignores SIGPIPE and SIGXFSZ for the whole process: a client that goes away, or a file that reaches the limit of its
  /// size, would end it otherwise.
  public init(
    configuration: ServerConfiguration, router: Router, hooks: ServerHooks = ServerHooks()
  ) throws(ServerError) {
    precondition(configuration.threads >= 2, "at least two threads")
    precondition(configuration.minimumBodyRate > 0, "a rate is more than nothing")
    signal(SIGPIPE, SIG_IGN)
    signal(SIGXFSZ, SIG_IGN)
    let socket = try ListeningSocket(host: configuration.host, port: configuration.port)
    port = socket.port
    do throws(ServerError) {
      core = try ServerCore(configuration, router, hooks)
    } catch {
      close(socket.descriptor)
      throw error
    }
    do throws(ServerError) {
      let started = try Daemon(core)
      do throws(ServerError) {
        daemon = Locked((started, try Acceptor(core, socket.descriptor, started)))
      } catch {
        started.stop()
        throw error
      }
    } catch {
      core.sweeper.stop()
      close(socket.descriptor)
      throw error
    }
  }

  deinit { stop(gracePeriod: .zero) }

  /// Has malloc keep what requests free for those that come, of a process in which so many threads run at a time: raises its
  /// thresholds for giving memory back to a little over 8 and to 16 MiB, and lets it have so many arenas. To be called before
  /// any thread is started.
  public static func keepFreedMemory(threads: Int) { keep_freed_memory(Int32(clamping: max(2, threads))) }

  /// The number of open connections.
  public var connectionCount: Int { core.sweeper.connectionCount }

  /// The number of requests between their head and the end of their answer, streams too.
  public var activeRequestCount: Int { core.activeRequests.load(ordering: .relaxed) }

  /// From now on every answer closes its connection, so that clients go elsewhere. New connections are still served.
  public func beginDrain() { core.isDraining.store(true, ordering: .releasing) }

  /// Stops: refuses new connections, ends all streams, waits until the other accepted requests are answered, answers 503
  /// in the place of workers that have not answered within the grace period, then closes every connection. Blocks; a
  /// second call does nothing.
  public func stop(gracePeriod: Duration) {
    guard let (daemon, acceptor) = daemon.withLock({ $0.take() }) else { return }
    beginDrain()
    acceptor.stop()
    core.isEndingStreams.store(true, ordering: .releasing)
    for connection in core.sweeper.openConnections { connection.stream.withLock { $0 }?.finish() }
    waitForNone(of: core.boundedRequests, gracePeriod, daemon)
    core.isStopping.store(true, ordering: .releasing)
    for connection in core.sweeper.openConnections {
      connection.suspended.withLock { $0.exchange }?.abandon()
    }
    waitForNone(of: core.activeRequests, .milliseconds(500), daemon)
    while core.resuming.load(ordering: .acquiring) > 0 { usleep(1000) }
    // In a daemon that is being stopped libmicrohttpd queues no answer and says that it did: what it refuses by itself would end
    // the process. So its threads first close everything, which they take for the clients' doing.
    waitForNone(of: core.openConnections, .seconds(5), daemon) { core.sweeper.shutDownConnections() }
    daemon.stop()
    core.sweeper.stop()
  }

  /// Waits until a number is 0, so long at most; calls `act` again and again meanwhile.
  private func waitForNone(
    of number: borrowing Atomic<Int>, _ limit: Duration, _ daemon: Daemon, act: () -> Void = {}
  ) {
    let deadline = ContinuousClock.now + limit
    while number.load(ordering: .acquiring) > 0, ContinuousClock.now < deadline {
      act()
      usleep(2000)
      daemon.wake()
    }
  }
}
