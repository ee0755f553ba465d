import ArgumentParser
import HTTPServer
import Logging
import MaskFormats
import Training

/// Options of `hausdorffd serve` about training.
struct TrainingServiceFlags: ParsableArguments {
  static let environmentOptions =
    JobFlags.environmentOptions + [
      "training-jobs", "max-upload", "max-data", "max-queued-jobs", "max-client-jobs", "max-event-streams",
      "max-models",
      "keep-jobs",
      "keep-datasets",
    ]

  @OptionGroup var jobs: JobFlags
  @Option(help: "Training jobs to run at a time; 0 leaves them to 'hausdorffd work' elsewhere.")
  var trainingJobs = 1
  @Option(help: "The longest upload of a data set, in bytes.")
  var maxUpload = 16 << 30
  @Option(help: "Bytes that all data sets may take together.")
  var maxData = 256 << 30
  @Option(help: "Training jobs that may wait.")
  var maxQueuedJobs = 10_000
  @Option(
    help:
      "Training jobs of one token, or of one address without tokens, that may not have ended. (default: any)")
  var maxClientJobs: Int?
  @Option(help: "Event streams that may be open.")
  var maxEventStreams = 256
  @Option(help: "Trained models to keep ready for predictions.")
  var maxModels = 4
  @Option(help: "Days to keep jobs that have ended. (default: for ever)")
  var keepJobs: Double?
  @Option(help: "Days to keep data sets that no job has used since. (default: for ever)")
  var keepDatasets: Double?

  func validate() throws {
    try check("training-jobs", (0...1024).contains(trainingJobs), "0 to 1024")
    try check("max-upload", maxUpload >= 1 && maxUpload <= 1 << 44, "1 to \(1 << 44)")
    try check("max-data", maxData >= 1 && maxData <= 1 << 50, "1 to \(1 << 50)")
    try check("max-queued-jobs", (0...10_000_000).contains(maxQueuedJobs), "0 to 10000000")
    try check("max-client-jobs", (1...10_000_000).contains(maxClientJobs ?? 1), "1 to 10000000")
    try check("max-event-streams", (0...65_536).contains(maxEventStreams), "0 to 65536")
    try check("max-models", (1...1024).contains(maxModels), "1 to 1024")
    for (name, days) in [("keep-jobs", keepJobs), ("keep-datasets", keepDatasets)] {
      try check(name, (0...36_500).contains(days ?? 1), "0 to 36500 days")
    }
  }
}

/// Training jobs: their routes, the workers that run them, and what keeps their house.
struct TrainingService: Sendable {
  let predictor: JobPredictor
  private var context: JobContext { predictor.context }
  private let flags: TrainingServiceFlags
  private let supervisor: WorkerSupervisor?
  private let logger: Logger

  init(
    store: JobStore, folder: DataFolder, flags: TrainingServiceFlags, limits: ScoringPool.Limits,
    formats: FormatLimits, logger: Logger
  ) {
    var limits = limits
    // They wait for the store and the disk, not for the processor.
    limits.width = 8
    predictor = JobPredictor(
      context: JobContext(
        store: store, folder: folder, pool: ScoringPool(limits: limits, name: "training"), limits: formats,
        logger: logger),
      models: ModelCache(capacity: flags.maxModels, threads: Cores.available))
    (self.flags, self.logger) = (flags, logger)
    supervisor =
      flags.trainingJobs == 0
      ? nil
      : WorkerSupervisor(
        store: store, folder: folder, flags: flags.jobs, width: flags.trainingJobs, isIdle: true,
        logger: logger)
  }

  var routes: [Route] {
    TrainingJobRoutes(
      context: context, queueLimit: flags.maxQueuedJobs, clientLimit: flags.maxClientJobs
    ).routes
      + [EventStreams(context: context, limit: flags.maxEventStreams).route]
      + ModelRoutes(predictor: predictor).routes
      + DataSetRoutes(context: context, uploadLimit: flags.maxUpload, totalLimit: flags.maxData).routes
  }

  /// Sets the metrics of what waits for the store now.
  func collect() { context.pool.collect() }

  func start(_ readiness: Readiness) {
    Housekeeping(
      store: context.store, folder: context.folder, jobDays: flags.keepJobs, dataSetDays: flags.keepDatasets,
      readiness: readiness, logger: logger
    ).start()
    supervisor?.start()
  }

  /// Has the workers save their jobs and give them back.
  func stop() { supervisor?.stop(gracePeriod: Double(flags.jobs.workerGracePeriod)) }
}
