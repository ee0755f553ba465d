import ArgumentParser
import CoreMetrics
import Glibc
import HTTPServer
import Logging
import MaskFormats
import ServiceLifecycle
import Training
import UnixSignals

/// `hausdorffd serve`
struct ServeCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "serve", abstract: "Serve scores and training jobs over HTTP.",
    discussion:
      "Each option is also read from the environment, as in HAUSDORFFD_PORT for --port; the flag wins.")

  /// The options that are also read from the environment.
  static let environmentOptions =
    [
      "host", "port", "admin-port", "admin-host", "data", "threads", "workers", "max-body", "max-requests",
      "max-queued-bytes",
      "max-connections", "request-deadline", "head-deadline", "body-deadline", "drain-delay", "grace-period",
      "access-log",
    ] + LogFlags.environmentOptions + AccessFlags.environmentOptions + TrainingServiceFlags.environmentOptions

  @Option(help: "The address to listen on, IPv4 or IPv6; 0.0.0.0 or :: for all.")
  var host = "127.0.0.1"
  @Option(help: "The TCP port to listen on; 0 for a free one.")
  var port = 8080
  @Option(
    help: "A second TCP port for health and metrics, without TLS and tokens. (default: they are on the first)"
  )
  var adminPort: Int?
  @Option(help: "The address that it listens on. (default: that of --host)")
  var adminHost: String?
  @Option(help: "The folder for what the server keeps; made if missing.")
  var data = "data"
  @Option(help: "Threads that read and write sockets, at least 2. (default: one a core)")
  var threads: Int?
  @Option(help: "Threads that score. (default: one a core)")
  var workers: Int?
  @Option(help: "The longest request body, in bytes.")
  var maxBody = 512 << 20
  @Option(help: "Requests that may be received, waiting and worked on at once; more are answered 503.")
  var maxRequests = 1024
  @Option(
    help: "Bytes that the bodies of those requests, and the work on losses and pictures, may take together.")
  var maxQueuedBytes = 2 << 30
  @Option(help: "Open connections.")
  var maxConnections = 4096
  @Option(help: "Seconds that a request may wait and work.")
  var requestDeadline = 60
  @Option(help: "Seconds that the head of a request may take to arrive.")
  var headDeadline = 10
  @Option(help: "Seconds that a body may take to arrive, besides one for each 64 KiB.")
  var bodyDeadline = 30
  @Option(help: "Seconds between dropping readiness and refusing connections when asked to stop.")
  var drainDelay = 0
  @Option(help: "Seconds that accepted requests may take after that.")
  var gracePeriod = 30
  @Option(help: "Which requests to log: none, errors or all.")
  var accessLog = AccessLog.Choice.errors

  @OptionGroup(title: "Logs")
  var logs: LogFlags
  @OptionGroup(title: "Access")
  var access: AccessFlags
  @OptionGroup(title: "Training")
  var training: TrainingServiceFlags

  func validate() throws {
    func check(_ name: String, _ value: Int?, _ range: ClosedRange<Int>) throws {
      guard let value, !range.contains(value) else { return }
      throw ValidationError("--\(name) must be \(range.lowerBound) to \(range.upperBound), not \(value)")
    }
    try check("port", port, 0...65535)
    try check("admin-port", adminPort, 0...65535)
    guard adminPort == nil || adminPort == 0 || adminPort != port else {
      throw ValidationError("--admin-port must be another than --port")
    }
    try check("threads", threads, 2...1024)
    try check("workers", workers, 1...1024)
    try check("max-body", maxBody, 1...1 << 40)
    try check("max-requests", maxRequests, 1...1 << 20)
    try check("max-queued-bytes", maxQueuedBytes, 1...1 << 44)
    try check("max-connections", maxConnections, 16...1 << 20)
    for (name, value) in [
      ("request-deadline", requestDeadline), ("head-deadline", headDeadline), ("body-deadline", bodyDeadline),
    ] { try check(name, value, 1...86_400) }
    for (name, value) in [("drain-delay", drainDelay), ("grace-period", gracePeriod)] {
      try check(name, value, 0...86_400)
    }
  }

  func run() async throws {
    let cores = Cores.available
    HTTPServer.keepFreedMemory(threads: cores)
    let logger = logs.logger
    let exporter = MetricsExporter(MetricName.allCases)
    MetricsSystem.bootstrap(exporter)
    try prepareDataFolder()
    try raiseDescriptorLimit()

    var configuration = ServerConfiguration()
    configuration.host = host
    configuration.port = port
    configuration.threads = threads ?? max(2, cores)
    configuration.connectionLimit = maxConnections
    configuration.bodyLimit = min(maxBody, maxQueuedBytes)
    configuration.headDeadline = .seconds(headDeadline)
    configuration.bodyDeadline = .seconds(bodyDeadline)
    configuration.cors = access.cors
    let control: AccessControl
    do {
      control = try access.control()
      configuration.tls = try access.readIdentity().map(TLSCredentials.init)
    } catch {
      throw Output.failure("\(error)")
    }
    if let identity = configuration.tls?.identity { Reloading.note(identity, logger) }
    warnOfOpenness(logger)
    var limits = ScoringPool.Limits()
    limits.width = workers ?? cores
    limits.requests = maxRequests
    limits.bytes = maxQueuedBytes
    limits.deadline = .seconds(requestDeadline)
    let folder = DataFolder(path: data)
    let store: JobStore
    StopSignal.watch()
    // Until it can read them again.
    signal(SIGHUP, SIG_IGN)
    do {
      store = try training.jobs.openStore(folder, patience: 60) { logger.warning("\($0)") }
      try DataFolder.make(folder.dataSets)
    } catch {
      guard StopSignal.asked == 0 else { return }
      throw Output.failure("\(error)")
    }
    guard StopSignal.asked == 0 else { return }
    let service = ScoringService(
      configuration: configuration, adminAddress: adminPort.map { (adminHost ?? host, $0) }, limits: limits,
      drainDelay: .seconds(drainDelay),
      gracePeriod: .seconds(gracePeriod),
      training: TrainingService(
        store: store, folder: folder, flags: training, limits: limits,
        formats: FormatLimits(maximumBytes: maxBody), logger: logger),
      control: control, exporter: exporter, accessLog: AccessLog(choice: accessLog, logger: logger),
      logger: logger)
    let reloading = Reloading(flags: access, control: control, credentials: configuration.tls, logger: logger)

    let group = ServiceGroup(
      configuration: .init(
        services: [
          .init(service: service, successTerminationBehavior: .gracefullyShutdownGroup),
          .init(service: reloading),
        ],
        gracefulShutdownSignals: [.sigterm, .sigint], logger: logger))
    try await group.run()
  }

  /// Says so where anyone who reaches the port may use it.
  private func warnOfOpenness(_ logger: Logger) {
    let isLoopback = host == "localhost" || host == "::1" || host.hasPrefix("127.")
    guard access.tokens == nil, !isLoopback else { return }
    logger.warning(
      "ANYONE WHO REACHES \(host) PORT \(port) MAY SCORE, TRAIN, AND SEE AND DELETE ALL DATA SETS AND JOBS: there is no --tokens"
    )
  }

  /// Lets the process open a descriptor for each connection, and some more for the refused ones that linger.
  private func raiseDescriptorLimit() throws {
    var limit = rlimit()
    let needed = rlim_t(maxConnections + 512 + (adminPort == nil ? 0 : AdminServer.connectionLimit))
    guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0, limit.rlim_cur < needed else {
      return
    }
    guard limit.rlim_max >= needed else {
      throw ValidationError(
        "--max-connections \(maxConnections) needs \(needed) open files; the limit is \(limit.rlim_max)")
    }
    limit.rlim_cur = needed
    setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
  }

  private func prepareDataFolder() throws {
    if mkdir(data, 0o755) == 0 { return }
    if errno == EEXIST {
      var status = stat()
      errno = stat(data, &status) == 0 && status.st_mode & S_IFMT != S_IFDIR ? ENOTDIR : 0
      if errno == 0, Glibc.access(data, W_OK | X_OK) == 0 { return }
    }
    throw ValidationError("the data folder '\(data)' cannot be used: \(String(cString: strerror(errno)))")
  }
}
