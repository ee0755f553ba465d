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
  private let metrics = JobMetrics()

  init(
    store: JobStore, folder: DataFolder, jobDays: Double?, dataSetDays: Double?, readiness: Readiness,
    logger: Logger
  ) {
    (self.store, self.folder, self.jobDays, self.dataSetDays) = (store, folder, jobDays, dataSetDays)
    (self.readiness, self.logger) = (readiness, logger)
  }

  /// Starts the thread; it ends with the process.
  ///
  /// - Parameter removes: whether it removes anything, rather than only look.
  func start(removes: Bool = true) {
    BackgroundThread.start { [self] in
      var (nextSweep, nextTidying, nextCount) = (LeaseKeeper.now, LeaseKeeper.now, LeaseKeeper.now)
      while true {
        var problem: String?
        do throws(StoreError) {
          try store.check()
          readiness.look()
          let now = LeaseKeeper.now
          if removes, now >= nextSweep {
            try sweep()
            nextSweep = now + 60
          }
          if now >= nextCount {
            try metrics.collect(store)
            nextCount = now + 5
          }
          if removes, now >= nextTidying {
            try tidy()
            nextTidying = now + 3600
          }
          readiness.freeBytes = folder.freeBytes
          if folder.freeBytes < Self.leastFreeBytes { problem = "The disk of the data folder is full." }
        } catch {
          if readiness.problem == nil { logger.error("the job store does not work: \(error)") }
          problem = "The job store does not answer."
        }
        readiness.problem = problem
        readiness.look()
        BackgroundThread.sleep(seconds: 1)
      }
    }
  }

  private func sweep() throws(StoreError) {
    if let jobDays {
      for id in try store.deleteJobs(finishedBefore: Int(jobDays * 86_400_000)) {
        readiness.look()
        folder.remove(job: id)
        logger.info("job \(id) has been kept long enough and is deleted")
      }
    }
    if let dataSetDays {
      for id in try store.deleteDataSets(unusedFor: Int(dataSetDays * 86_400_000)) {
        readiness.look()
        folder.remove(dataSet: id)
        logger.info("data set \(id) has been kept long enough and is deleted")
      }
    }
    try store.forgetIdempotencyKeys(olderThan: 7 * 86_400_000)
  }

  /// Where less is left than this, the disk counts as full.
  private static let leastFreeBytes = 16 << 20

  /// Removes files that processes left which were killed between the file and the store.
  private func tidy() throws(StoreError) {
    for id in folder.jobs(olderThan: 0) {
      readiness.look()
      if let job = try store.job(id) { folder.tidy(job) }
    }
    // What is young may be on its way.
    for id in folder.jobs(olderThan: 3600) where try store.job(id) == nil { folder.remove(job: id) }
    for id in folder.dataSetFiles(olderThan: 3600) where try store.dataSet(id) == nil {
      folder.remove(dataSet: id)
    }
  }
}
