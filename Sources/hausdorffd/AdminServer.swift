import CoreMetrics
import HTTPServer
import Logging

/// A second server, for health and metrics, which answers when the first one is full.
struct AdminServer: Sendable {
  /// Connections that it takes.
  static let connectionLimit = 256

  private let server: HTTPServer
  var port: Int { server.port }

  init(
    host: String, port: Int, _ readiness: Readiness, _ exporter: MetricsExporter, _ logger: Logger
  ) throws(ServerError) {
    var configuration = ServerConfiguration()
    (configuration.host, configuration.port) = (host, port)
    (configuration.connectionLimit, configuration.perConnectionMemory) = (Self.connectionLimit, 32 << 10)
    // Nobody who only looks holds a connection for long, and there are few.
    (configuration.idleTimeout, configuration.headDeadline) = (.seconds(5), .seconds(5))
    var hooks = ServerHooks()
    hooks.complain = { message in logger.warning("\(message)") }
    hooks.log = { message in logger.debug("\(message)") }
    server = try HTTPServer(
      configuration: configuration,
      router: Router(HealthRoutes(readiness: readiness).routes + [MetricsRoute(exporter: exporter).route]),
      hooks: hooks)
    logger.info("health and metrics are on \(host), port \(server.port)")
  }

  func stop() { server.stop(gracePeriod: .seconds(1)) }
}

extension MetricsExporter {
  /// Has it tell of the process before each answer.
  func tellOfProcess(_ readiness: Readiness) {
    let figures = ProcessFigures()
    beforeEachAnswer {
      figures.collect()
      Meter.set(.ready, to: readiness.reason == nil ? 1 : 0)
      Meter.set(.build, [("version", Version.current)], to: 1)
    }
  }
}
