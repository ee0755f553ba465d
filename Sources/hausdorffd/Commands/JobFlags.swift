import ArgumentParser
import Training
import UNet

/// Options of all commands that use the store.
struct JobFlags: ParsableArguments {
  static let environmentOptions = [
    "store", "training-threads", "lease-seconds", "heartbeat-seconds", "worker-grace-period",
  ]

  @Option(
    help: "Where jobs are kept: a postgres:// URL, or a file. (default: store.sqlite in the data folder)")
  var store: String?
  @Option(help: "Threads that a training job computes on. (default: one a core)")
  var trainingThreads: Int?
  @Option(help: "Seconds after which a job is taken from a worker that is not heard of.")
  var leaseSeconds = 30.0
  @Option(help: "Seconds between a worker's signs of life.")
  var heartbeatSeconds = 5.0
  @Option(help: "Seconds that a worker may take to save its job when it is asked to stop.")
  var workerGracePeriod = 20

  func validate() throws {
    try check("training-threads", (1...1024).contains(trainingThreads ?? 1), "1 to 1024")
    try check("lease-seconds", (0.5...86_400).contains(leaseSeconds), "0.5 to 86400")
    try check(
      "heartbeat-seconds", heartbeatSeconds >= 0.05 && heartbeatSeconds <= leaseSeconds / 2,
      "0.05 to half of --lease-seconds")
    try check("worker-grace-period", (0...86_400).contains(workerGracePeriod), "0 to 86400")
    // It is not shown, since it may hold a password.
    try check("store", isPostgreSQL || store?.contains("://") != true, "a postgres:// URL, or a file")
  }

  /// Opens the store, making a file and its folder where they are missing; a database that is away is waited for.
  ///
  /// - Parameters:
  ///   - patience: seconds to wait at most.
  ///   - tell: gets what it waits for.
  func openStore(
    _ folder: DataFolder, patience: Double, tell: (String) -> Void = Output.complain
  ) throws -> JobStore {
    let deadline = LeaseKeeper.now + patience
    while true {
      do {
        let store = try openStore(folder)
        try folder.join(store: store.identity)
        return store
      } catch let error as StoreError
        where error.kind == .unavailable && LeaseKeeper.now < deadline && StopSignal.asked == 0
      {
        tell("waiting for the job store: \(error)")
        BackgroundThread.sleep(seconds: 1)
      }
    }
  }

  private func openStore(_ folder: DataFolder) throws -> JobStore {
    if let store, isPostgreSQL { return try JobStore(postgreSQL: store) }
    try DataFolder.make(folder.path)
    return try JobStore(path: store ?? folder.store)
  }

  private var isPostgreSQL: Bool {
    store.map { ["postgres://", "postgresql://"].contains(where: $0.hasPrefix) } ?? false
  }
}
