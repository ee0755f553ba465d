internal import Synchronization

/// What the connections of a server share.
final class ServerCore: Sendable {
  let configuration: ServerConfiguration
  let router: Router
  let hooks: ServerHooks
  let sweeper: Sweeper

  /// Answers carry `Connection: close`.
  let isDraining = Atomic<Bool>(false)
  /// Connections that were accepted and have not ended.
  let openConnections = Atomic<Int>(0)
  /// Nothing is suspended any more.
  let isStopping = Atomic<Bool>(false)
  /// Streams end.
  let isEndingStreams = Atomic<Bool>(false)
  /// Requests between their head and their completion.
  let activeRequests = Atomic<Int>(0)
  /// Those of them that are not answered by a stream.
  let boundedRequests = Atomic<Int>(0)
  /// Threads inside MHD_resume_connection, which reads the daemon after it has let the connection go.
  let resuming = Atomic<Int>(0)

  let headMilliseconds: Int
  let bodyMilliseconds: Int
  let idleMilliseconds: Int

  init(
    _ configuration: ServerConfiguration, _ router: Router, _ hooks: ServerHooks
  ) throws(ServerError) {
    self.configuration = configuration
    self.router = router
    self.hooks = hooks
    headMilliseconds = configuration.headDeadline.milliseconds
    bodyMilliseconds = configuration.bodyDeadline.milliseconds
    idleMilliseconds = configuration.idleTimeout.milliseconds
    let shortest = min(headMilliseconds, bodyMilliseconds, idleMilliseconds)
    sweeper = try Sweeper(interval: min(1000, max(10, shortest / 4)))
  }
}
