import CoreMetrics
import Dispatch
import HTTPServer
import Logging
import MaskFormats
import ServiceLifecycle

/// The HTTP service from start to stop.
struct ScoringService: Service {
  let configuration: ServerConfiguration
  /// Where a second server for health and metrics listens; nil where the first has them.
  let adminAddress: (host: String, port: Int)?
  let limits: ScoringPool.Limits
  /// How long requests are still served as usual after readiness has dropped.
  let drainDelay: Duration
  /// How long accepted requests may take after that.
  let gracePeriod: Duration
  let training: TrainingService
  let control: AccessControl
  let exporter: MetricsExporter
  let accessLog: AccessLog
  let logger: Logger

  func run() async throws {
    let pool = ScoringPool(limits: limits)
    let readiness = Readiness(pool: pool)
    let formats = FormatLimits(maximumBytes: configuration.bodyLimit)
    let operation = OperationRoutes(readiness: readiness, pool: pool, configuration: configuration)
    let metrics = MetricsRoute(exporter: exporter).route
    let routes =
      operation.routes + (adminAddress == nil ? [metrics] : []) + [
        ScoreRoute(pool: pool, limits: formats).route, LossRoute(pool: pool, limits: formats).route,
      ] + training.routes
      + InferenceRoutes(
        readiness: readiness,
        infer: InferRoute(
          pool: pool, limits: formats, predictor: training.predictor, statistics: InferenceStatistics())
      ).routes
    let router = Router(routes, problemForms: [InferenceProblems.form])
    let server = try HTTPServer(configuration: configuration, router: router, hooks: hooks)
    let admin = try adminAddress.map { (address) throws(ServerError) in
      try AdminServer(host: address.host, port: address.port, readiness, exporter, logger)
    }
    exporter.tellOfProcess(readiness)
    Refusals.prepare()
    ScoreMetrics.prepare()
    exporter.beforeEachAnswer {
      pool.collect()
      training.collect()
      Meter.set(.connections, to: server.connectionCount)
      Meter.set(.activeRequests, to: server.activeRequestCount)
    }
    training.start(readiness)
    readiness.state = .ready
    logger.info("listening on \(configuration.host) port \(server.port)")
    try await gracefulShutdown()

    readiness.state = .draining
    logger.info("stopping: \(server.activeRequestCount) requests are under way")
    server.beginDrain()
    let workers = DispatchGroup()
    DispatchQueue.global().async(group: workers) { training.stop() }
    // Cancelled only where the service group gives up on a graceful stop; then there is no time to wait.
    try? await Task.sleep(for: drainDelay)
    await withCheckedContinuation { continuation in
      DispatchQueue.global().async {
        server.stop(gracePeriod: gracePeriod)
        workers.wait()
        // Last, so that it tells of the stop.
        admin?.stop()
        continuation.resume()
      }
    }
    logger.info("stopped")
  }

  private var hooks: ServerHooks {
    var hooks = ServerHooks()
    let requests = RequestMetrics()
    hooks.identify = { [control] head, route in control.identify(head, route) }
    hooks.observe = { [accessLog] record in
      requests.observe(record)
      // What was declared at the head is charged so far, and may be a lie.
      record.visitor?.charge(bytes: record.receivedBytes - (record.head.contentLength ?? 0))
      accessLog.observe(record)
    }
    hooks.observeUnreadable = { [accessLog] status in
      requests.observeUnreadable(status: status)
      accessLog.observeUnreadable(status: status)
    }
    hooks.complain = { [logger] message in logger.warning("\(message)") }
    hooks.log = { [logger] message in logger.debug("\(message)") }
    return hooks
  }
}
