import Glibc
import HTTPServer
import Logging
import Training

/// Starts a process for each job that is to run, as many at a time as it may, and sees how they end.
///
/// A worker that dies is no more to the supervisor than an event of its job, which it gives back to the queue at once.
final class WorkerSupervisor: Sendable {
  private struct State {
    var workers: [pid_t: Worker] = [:]
    /// Workers that have ended, whose jobs are being given back.
    var ended = 0
    var isStopping = false
    /// Workers that ended badly without a job, one after another.
    var vainStarts = 0
  }

  private let store: JobStore
  private let folder: DataFolder
  private let flags: JobFlags
  private let width: Int
  /// Whether workers run only when nothing else wants the processor.
  private let isIdle: Bool
  private let logger: Logger
  private let state = Locked(State())
  private let bell = Bell()
  private let hasEnded = Bell()

  init(store: JobStore, folder: DataFolder, flags: JobFlags, width: Int, isIdle: Bool, logger: Logger) {
    (self.store, self.folder, self.flags) = (store, folder, flags)
    (self.width, self.isIdle, self.logger) = (width, isIdle, logger)
  }

  /// Starts the thread that starts workers.
  func start() { BackgroundThread.start { [self] in supervise() } }

  /// Asks all workers to save their jobs and to give them back, and waits for them; after so many seconds they are killed.
  func stop(gracePeriod: Double) {
    state.withLock { state in
      state.isStopping = true
      for id in state.workers.keys { kill(id, SIGTERM) }
    }
    bell.ring()
    let deadline = LeaseKeeper.now + gracePeriod
    while state.withLock({ !$0.workers.isEmpty }), LeaseKeeper.now < deadline {
      hasEnded.wait(seconds: min(0.5, max(0, deadline - LeaseKeeper.now)))
    }
    state.withLock { state in for id in state.workers.keys { kill(id, SIGKILL) } }
    while state.withLock({ !$0.workers.isEmpty || $0.ended > 0 }) { hasEnded.wait(seconds: 0.5) }
  }

  private func supervise() {
    let observation = store.observe { [bell] _ in bell.ring() }
    defer { withExtendedLifetime(observation) {} }
    while !state.withLock({ $0.isStopping }) {
      startWorkers()
      // Also without a change: claims run out, and the store may have been away.
      let vain = state.withLock { $0.vainStarts }
      if vain > 0 { BackgroundThread.sleep(seconds: min(30, 0.5 * Double(1 << min(vain, 6)))) }
      bell.wait(seconds: 1)
    }
  }

  private func startWorkers() {
    do throws(StoreError) {
      while state.withLock({ !$0.isStopping && $0.workers.count + $0.ended < width }),
        try store.hasClaimable()
      {
        guard let worker = Worker.start(folder: folder, flags: flags, isIdle: isIdle) else {
          logger.error("no worker can be started: \(String(cString: strerror(errno)))")
          return state.withLock { $0.vainStarts += 1 }
        }
        let isStopping = state.withLock { state in
          state.workers[worker.id] = worker
          return state.isStopping
        }
        if isStopping { kill(worker.id, SIGTERM) }
        BackgroundThread.start { [self] in watch(worker) }
        // It claims its job before the next is started for the same.
        bell.wait(seconds: 0.2)
      }
    } catch {
      logger.warning("the store cannot be asked for jobs: \(error)")
    }
  }

  private func watch(_ worker: Worker) {
    let reason = worker.waitForEnd()
    let isStopping = state.withLock { state in
      state.workers[worker.id] = nil
      state.ended += 1
      return state.isStopping
    }
    hasEnded.ring()
    var job: String?
    // The job should not wait for its claim to end.
    for attempt in 1...20 {
      do throws(StoreError) {
        job = try store.release(
          owner: worker.owner, reason: reason ?? "the worker ended without its job",
          countsAsFailure: !isStopping && reason != Worker.lostClaim)
        break
      } catch {
        logger.warning("attempt \(attempt) to give back the job of a worker that ended failed: \(error)")
        if state.withLock({ $0.isStopping }) { break }
        BackgroundThread.sleep(seconds: 0.5)
      }
    }
    if let job { logger.warning("job \(job): \(reason ?? "the worker ended without it")") }
    if let reason, job == nil, reason != Worker.lostClaim { logger.warning("\(reason)") }
    state.withLock { state in
      state.ended -= 1
      let isVain = reason != nil && reason != Worker.lostClaim && job == nil
      state.vainStarts = isVain ? state.vainStarts + 1 : 0
    }
    bell.ring()
    hasEnded.ring()
  }
}
