import Glibc
import HTTPServer
import Logging
import Training

/// Removes what nobody needs any more: jobs and data sets past their time, and files that the store knows nothing of.
///
/// Also notices whether the store can be reached.
final class Housekeeping: Sendable {
  private let store: JobStore
  private let folder: DataFolder
  /// Days that finished jobs, and data sets that no job uses, are kept; nil for ever.
  private let jobDays, dataSetDays: Double?
  private let readiness: Readiness
  private let logger: Logger

  init(
    store: JobStore, folder: DataFolder, jobDays: Double?, dataSetDays: Double?, readiness: Readiness,
    logger: Logger
  ) {
    (self.store, self.folder, self.jobDays, self.dataSetDays) = (store, folder, jobDays, dataSetDays)
    (self.readiness, self.logger) = (readiness, logger)
  }

  /// Starts the thread; it ends with the process.
  func start() {
    BackgroundThread.start { [self] in
      var nextSweep = LeaseKeeper.now
      while true {
        do throws(StoreError) {
          try store.check()
          readiness.hasStore = true
          if LeaseKeeper.now >= nextSweep {
            try sweep()
            nextSweep = LeaseKeeper.now + 60
          }
        } catch {
          if readiness.hasStore { logger.error("the job store does not work: \(error)") }
          readiness.hasStore = false
        }
        BackgroundThread.sleep(seconds: 1)
      }
    }
  }

  private func sweep() throws(StoreError) {
    if let jobDays {
      for id in try store.deleteJobs(finishedBefore: Int(jobDays * 86_400_000)) {
        folder.remove(job: id)
        logger.info("job \(id) has been kept long enough and is deleted")
      }
    }
    if let dataSetDays {
      for id in try store.deleteDataSets(unusedFor: Int(dataSetDays * 86_400_000)) {
        folder.remove(dataSet: id)
        logger.info("data set \(id) has been kept long enough and is deleted")
      }
    }
    try store.forgetIdempotencyKeys(olderThan: 7 * 86_400_000)
    // Left by processes that were killed between the file and the store. What is young may be on its way.
    for id in folder.jobs(olderThan: 3600) where try store.job(id) == nil { folder.remove(job: id) }
    for id in folder.jobsWithAttempts { folder.tidy(try store.job(id)) }
    for id in folder.dataSetFiles(olderThan: 3600) where try store.dataSet(id) == nil {
      folder.remove(dataSet: id)
    }
  }
}
