import Glibc
import HTTPServer
import Training

/// Holds on to a claimed job from a thread of its own, and tells the store what the training thread has to say.
///
/// Where the claim is lost, or cannot be renewed before it ends, the process ends at once, before it can write any more. Where
/// the job is cancelled, it ends too, the job with it.
final class LeaseKeeper: Sendable {
  /// The exit status of a process that has lost its claim.
  static let lostStatus: Int32 = 75

  private struct State {
    var report = JobStore.Report()
    /// Whether the job may be another than it was.
    var hasChanged = false
    var hasProgress = false
    var isEnding = false
    /// When the claim ends for sure, if it is not renewed.
    var end: Double
  }

  private let store: JobStore
  private let claim: JobStore.Claim
  private let lease: Double
  private let heartbeat: Double
  private let state: Locked<State>
  private let bell = Bell()
  private let hasEnded = Bell()

  /// - Parameters:
  ///   - claimedAt: when the claim was asked for, by `Self.now`.
  ///   - lease, heartbeat: in seconds.
  init(store: JobStore, claim: JobStore.Claim, claimedAt: Double, lease: Double, heartbeat: Double) {
    (self.store, self.claim, self.lease, self.heartbeat) = (store, claim, lease, heartbeat)
    state = Locked(State(end: claimedAt + lease))
    BackgroundThread.start { [self] in keep() }
  }

  /// Seconds since the machine started, those that it slept included.
  static var now: Double {
    var time = timespec()
    clock_gettime(CLOCK_BOOTTIME, &time)
    return Double(time.tv_sec) + 1e-9 * Double(time.tv_nsec)
  }

  /// Whether the claim surely holds now.
  var mayWrite: Bool { state.withLock { Self.now < $0.end } }

  /// Ends the process, with all files as they are, unless the claim surely holds now.
  func leaveUnlessHeld() {
    if !mayWrite { leave("the claim may have ended") }
  }

  /// Adds to what is to be told. Progress is told twice a second, but for the first, the rest sooner.
  func tell(_ change: (inout JobStore.Report) -> Void) {
    let isUrgent = state.withLock { state in
      change(&state.report)
      let isFirst = !state.hasProgress && state.report.progress != nil
      if isFirst { state.hasProgress = true }
      return isFirst || !state.report.epochs.isEmpty || !state.report.log.isEmpty
    }
    if isUrgent { bell.ring() }
  }

  /// Tells all that is left and ends the thread; the claim still holds then for as long as it was renewed.
  func end() {
    state.withLock { $0.isEnding = true }
    bell.ring()
    hasEnded.wait(seconds: .infinity)
  }

  private func keep() {
    // Another process may cancel the job at any time.
    let observation = store.observe { [state, bell, claim] job in
      guard job == nil || job == claim.id else { return }
      state.withLock { $0.hasChanged = true }
      bell.ring()
    }
    defer { withExtendedLifetime(observation) {} }
    var nextSign = 0.0
    while true {
      let now = Self.now
      let (report, hasChanged, isEnding) = state.withLock { state in
        defer { (state.report, state.hasChanged) = (JobStore.Report(), false) }
        return (state.report, state.hasChanged, state.isEnding)
      }
      do throws(StoreError) {
        if report != JobStore.Report() || isEnding || now >= nextSign {
          try renew(report, now)
          nextSign = now + heartbeat
          if isEnding, state.withLock({ $0.report == JobStore.Report() }) { return hasEnded.ring() }
          // Epochs may be short, and every report is a write to the disk.
          BackgroundThread.sleep(seconds: isEnding ? 0 : 0.1)
        } else if hasChanged, try store.job(claim.id)?.isCancelling != false {
          cancel()
        }
      } catch {
        guard Self.now < state.withLock({ $0.end }) else { leave("the store cannot be reached: \(error)") }
        // What could not be told goes before what came meanwhile.
        state.withLock { state in state.report = report.followed(by: state.report) }
        BackgroundThread.sleep(seconds: 0.5)
      }
      bell.wait(seconds: isEnding ? 0 : 0.5)
    }
  }

  private func renew(_ report: JobStore.Report, _ now: Double) throws(StoreError) {
    switch try store.renew(claim, milliseconds: Int(lease * 1000), report) {
    case .lost: leave("the claim was lost")
    case .held(let isCancelling):
      state.withLock { $0.end = now + lease }
      if isCancelling { cancel() }
    }
  }

  private func cancel() -> Never {
    do throws(StoreError) {
      guard try store.finish(claim, .cancelled) else { leave("the claim was lost") }
    } catch {
      // The claim ends by itself, and the job with it: it is marked as cancelled.
      leave("the store cannot be reached: \(error)")
    }
    _exit(0)
  }

  private func leave(_ reason: String) -> Never {
    Output.complain("\(claim.id): \(reason); nothing more is written")
    _exit(Self.lostStatus)
  }
}

extension JobStore.Report {
  /// Both, the other's being newer.
  fileprivate func followed(by other: JobStore.Report) -> JobStore.Report {
    var report = self
    if epochs.isEmpty { report.firstEpoch = other.firstEpoch }
    report.epochs += other.epochs
    report.log += other.log
    report.progress = other.progress ?? progress
    report.latest = other.latest ?? latest
    report.best = other.best ?? best
    report.savedSteps = other.savedSteps ?? savedSteps
    return report
  }
}
