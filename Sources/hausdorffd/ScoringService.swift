import Dispatch
import HTTPServer
import Logging
import MaskFormats
import ServiceLifecycle

/// The HTTP service from start to stop.
struct ScoringService: Service {
  let configuration: ServerConfiguration
  let limits: ScoringPool.Limits
  /// How long requests are still served as usual after readiness has dropped.
  let drainDelay: Duration
  /// How long accepted requests may take after that.
  let gracePeriod: Duration
  let training: TrainingService
  let logger: Logger

  func run() async throws {
    let readiness = Readiness()
    let pool = ScoringPool(limits: limits)
    let formats = FormatLimits(maximumBytes: configuration.bodyLimit)
    let routes =
      OperationRoutes(readiness: readiness, pool: pool, configuration: configuration).routes + [
        ScoreRoute(pool: pool, limits: formats).route, LossRoute(pool: pool, limits: formats).route,
      ] + training.routes
      + InferenceRoutes(
        readiness: readiness,
        infer: InferRoute(
          pool: pool, limits: formats, predictor: training.predictor, statistics: InferenceStatistics())
      ).routes
    let router = Router(routes, problemForms: [InferenceProblems.form])
    let server = try HTTPServer(configuration: configuration, router: router) { message in
      // Mostly of clients that break the rules or go away.
      logger.debug("\(message)")
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
        continuation.resume()
      }
    }
    logger.info("stopped")
  }
}
