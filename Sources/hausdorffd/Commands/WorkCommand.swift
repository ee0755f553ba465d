import ArgumentParser
import CoreMetrics
import Glibc
import HTTPServer
import Logging
import Training

/// `hausdorffd work`
struct WorkCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "work", abstract: "Run training jobs of a store that a server shares.",
    discussion:
      "Each job runs in a process of its own. Each option is also read from the environment, as in HAUSDORFFD_STORE for --store."
  )

  static let environmentOptions =
    JobFlags.environmentOptions + LogFlags.environmentOptions + ["data", "jobs", "host", "admin-port"]

  @Option(help: "The folder that the server keeps data sets and models in; all machines must see the same.")
  var data = "data"
  @Option(help: "A TCP port for health and metrics. (default: none)")
  var adminPort: Int?
  @Option(help: "The address that it listens on.")
  var host = "127.0.0.1"
  @Option(help: "Jobs to run at a time.")
  var jobs = 1
  @OptionGroup var flags: JobFlags
  @Flag(help: "Run one job in this process, if there is one, and end.")
  var once = false
  // What a supervisor gives its workers. Whether to be idle is looked at before anything else: threads are as those that make
  // them.
  @Option(help: .hidden) var owner: String?
  @Flag(help: .hidden) var idle = false
  @OptionGroup(title: "Logs")
  var logs: LogFlags

  func validate() throws {
    guard (1...1024).contains(jobs) else { throw ValidationError("--jobs must be 1 to 1024, not \(jobs)") }
    guard (0...65535).contains(adminPort ?? 0) else {
      throw ValidationError("--admin-port must be 0 to 65535, not \(adminPort ?? 0)")
    }
  }

  func run() throws {
    // A supervisor, and whoever stops it, may both ask.
    StopSignal.watch(isPatient: owner != nil)
    let folder = DataFolder(path: data)
    let logger = logs.logger
    let store: JobStore
    do {
      store = try flags.openStore(
        folder, patience: once ? 10 : 300, tell: once ? Output.complain : { logger.warning("\($0)") })
    } catch {
      guard StopSignal.asked == 0 else { return }
      throw Output.failure("\(error)")
    }
    guard once else {
      let readiness = Readiness(pool: nil)
      let admin = try startAdmin(readiness, store, folder, logger)
      let supervisor = WorkerSupervisor(
        store: store, folder: folder, flags: flags, width: jobs, isIdle: false, logger: logger)
      supervisor.start()
      readiness.state = .ready
      logger.info("waiting for jobs")
      while StopSignal.asked == 0 { usleep(100_000) }
      readiness.state = .draining
      supervisor.stop(gracePeriod: Double(flags.workerGracePeriod))
      admin?.stop()
      return
    }
    if owner != nil { BackgroundThread.start { Self.awaitEndOfSupervisor() } }
    let runner = JobRunner(
      store: store, folder: folder, threads: flags.trainingThreads ?? Cores.available,
      lease: flags.leaseSeconds, heartbeat: flags.heartbeatSeconds)
    do throws(StoreError) {
      let ran = try runner.runNext(owner: owner ?? UUIDv7.next()) { StopSignal.asked != 0 }
      if !ran, owner == nil { Output.complain("there is no job to run") }
    } catch {
      throw Output.failure(error.detail)
    }
  }

  private func startAdmin(
    _ readiness: Readiness, _ store: JobStore, _ folder: DataFolder, _ logger: Logger
  ) throws -> AdminServer? {
    guard let adminPort else { return nil }
    let exporter = MetricsExporter(MetricName.allCases)
    MetricsSystem.bootstrap(exporter)
    exporter.tellOfProcess(readiness)
    Housekeeping(
      store: store, folder: folder, jobDays: nil, dataSetDays: nil, readiness: readiness, logger: logger
    ).start(removes: false)
    do throws(ServerError) {
      return try AdminServer(host: host, port: adminPort, readiness, exporter, logger)
    } catch {
      throw Output.failure("\(error)")
    }
  }

  /// Leaves the processor to whoever wants it, scoring above all.
  static func stepBack() {
    var parameters = sched_param()
    parameters.sched_priority = 0
    if sched_setscheduler(0, Self.idlePolicy, &parameters) != 0 { _ = nice(19) }
  }

  // SCHED_IDLE of <sched.h>, where it hides behind _GNU_SOURCE.
  private static let idlePolicy: Int32 = 5

  /// The supervisor holds the other end of standard input: where that closes it has died, and this process ends in good
  /// order, so that the job goes on elsewhere.
  private static func awaitEndOfSupervisor() {
    var byte: UInt8 = 0
    while true {
      let count = read(STDIN_FILENO, &byte, 1)
      if count < 0, errno == EINTR { continue }
      if count <= 0 { break }
    }
    kill(getpid(), SIGTERM)
  }
}
