import HTTPServer
import MaskFormats
import Training
import UNet

/// Runs one claimed job to its end, in a process of its own.
struct JobRunner {
  let store: JobStore
  let folder: DataFolder
  let threads: Int
  /// In seconds.
  let lease: Double
  let heartbeat: Double

  /// Claims a job and runs it.
  ///
  /// - Returns: false where there was none.
  /// - Throws: `StoreError` where the system failed, or the store cannot be told how it ended; the supervisor then takes the job
  ///   back, or the claim ends by itself.
  func runNext(owner: String, shouldStop: @escaping () -> Bool) throws(StoreError) -> Bool {
    let start = LeaseKeeper.now
    guard let claim = try store.claim(owner: owner, milliseconds: Int(lease * 1000)) else { return false }
    let keeper = LeaseKeeper(
      store: store, claim: claim, claimedAt: start, lease: lease, heartbeat: heartbeat)
    let end: End
    do throws(UNetError) {
      end = try run(claim, keeper, shouldStop)
    } catch  where error.kind == .system {
      // As if it had crashed: elsewhere, or a little later, it may go on.
      keeper.end()
      throw StoreError(.unavailable, error.detail)
    } catch {
      end = .failed(error)
    }
    keeper.end()
    try finish(claim, keeper, end)
    return true
  }

  private enum End {
    case succeeded, interrupted
    case failed(UNetError)
  }

  private func finish(_ claim: JobStore.Claim, _ keeper: LeaseKeeper, _ end: End) throws(StoreError) {
    while true {
      do throws(StoreError) {
        switch end {
        case .succeeded: _ = try store.finish(claim, .succeeded)
        case .interrupted: _ = try store.handBack(claim)
        case .failed(let error): _ = try store.finish(claim, .failed, error: error.problem)
        }
        try folder.tidy(store.job(claim.id))
        return
      } catch {
        // The same again is safe: a claim ends once.
        guard keeper.mayWrite else { throw error }
        BackgroundThread.sleep(seconds: 0.5)
      }
    }
  }

  private func run(
    _ claim: JobStore.Claim, _ keeper: LeaseKeeper, _ shouldStop: @escaping () -> Bool
  ) throws(UNetError) -> End {
    let attempt = folder.attempt(claim.attempt, of: claim.id)
    try DataFolder.make(attempt)
    if let older = claim.job.filesAttempt {
      try folder.carry(from: older, to: claim.attempt, of: claim.id)
    }
    let isResumed = DataFolder.exists("\(attempt)/\(TrainingRun.lastName)")
    let run = try prepare(claim.job, attempt, isResumed: isResumed)
    keeper.tell { report in
      report.log.append(Self.beginning(of: run, isResumed: isResumed))
      // Those that the worker before had saved, but not told.
      for record in run.history.dropFirst(claim.job.epochs) {
        report.add(record, isBest: record == run.best)
      }
      if isResumed { report.savedSteps = run.steps }
    }
    let outcome = try run.run(
      shouldStop: { shouldStop() },
      willSave: { keeper.leaveUnlessHeld() },
      report: { event in
        switch event {
        case .progress(let progress):
          keeper.tell { report in report.progress = JSONWriter.text { progress.write(to: &$0) } }
        case .saved: keeper.tell { $0.savedSteps = run.steps }
        case .epoch(let record, let isBest):
          keeper.tell { report in
            report.add(record, isBest: isBest)
            report.savedSteps = run.steps
          }
        }
      })
    keeper.tell { report in
      report.savedSteps = run.steps
      report.log.append(
        outcome == .interrupted
          ? "saved in epoch \(run.history.count + 1), to be gone on with"
          : "\(outcome == .stoppedEarly ? "validation got no better; " : "")the best epoch is \(run.best?.epoch ?? 0)"
      )
    }
    return outcome == .interrupted ? .interrupted : .succeeded
  }

  private func prepare(_ job: Job, _ attempt: String, isResumed: Bool) throws(UNetError) -> TrainingRun {
    var specification = try Self.specification(job)
    let training = try open(job.dataSet)
    let validation = try job.validationDataSet.map { (id) throws(UNetError) in try open(id) }
    let start = try isResumed ? nil : job.initFrom.map { (id) throws(UNetError) in try model(of: id) }
    do throws(RequestError) {
      try specification.complete(training: training, validation: validation, start: start)
    } catch {
      throw UNetError(.configuration, error.message)
    }
    var options = specification.options
    options.threads = threads
    return try TrainingRun(
      options: options, training: training, validation: validation, initial: start?.weights,
      isResumed: isResumed, folder: attempt)
  }

  private static func specification(_ job: Job) throws(UNetError) -> JobSpecification {
    let value: JSONValue
    do throws(FormatError) { value = try JSONValue.parse(text: job.spec) } catch {
      throw UNetError(.configuration, "the specification is not JSON: \(error.detail)")
    }
    guard case .object(let members) = value else {
      throw UNetError(.configuration, "the specification is not an object")
    }
    do throws(RequestError) { return try JobSpecification(json: members) } catch {
      throw UNetError(.configuration, error.message)
    }
  }

  private func open(_ id: String) throws(UNetError) -> DataSet {
    do throws(DataSetError) { return try DataSet(path: folder.dataSet(id)) } catch {
      throw UNetError(.data, "the data set \(id) cannot be used: \(error.detail)")
    }
  }

  private func model(of id: String) throws(UNetError) -> Model {
    let job: Job?
    do throws(StoreError) { job = try store.job(id) } catch { throw UNetError(.system, error.detail) }
    guard let attempt = job?.filesAttempt else {
      throw UNetError(.model, "job \(id) has no model to start from")
    }
    return try Model(path: "\(folder.attempt(attempt, of: id))/\(TrainingRun.bestName)")
  }

  private static func beginning(of run: TrainingRun, isResumed: Bool) -> String {
    let (counts, size) = (run.sampleCounts, run.inputSize)
    let start = isResumed ? "going on behind epoch \(run.history.count)" : "training"
    return
      "\(start): \(counts.training) samples, \(counts.validation) to validate on, of \(size.height)×\(size.width); \(run.precision.rawValue), \(run.options.threads) threads"
  }
}

extension JobStore.Report {
  fileprivate mutating func add(_ record: EpochRecord, isBest: Bool) {
    let text = JSONWriter.text { record.write(isBest: isBest, to: &$0) }
    if epochs.isEmpty { firstEpoch = record.epoch }
    epochs.append(text)
    latest = text
    if isBest {
      best = JSONWriter.text { json in
        json.member("epoch", record.epoch)
        json.member("metric", "val_average_hausdorff")
        json.member("value", record.validation.averageHausdorff)
      }
    }
  }
}

extension UNetError {
  /// What a job's `error` says, JSON.
  fileprivate var problem: String {
    let title =
      switch kind {
      case .notFinite: "Training diverged"
      case .data: "The data cannot be trained on"
      case .configuration: "The specification cannot be followed"
      case .model: "A saved model cannot be used"
      case .system: "The system failed"
      case .oneDNN: "oneDNN failed"
      }
    return JSONWriter.text { json in
      json.member("type", "about:blank")
      json.member("title", title)
      json.member("detail", detail)
    }
  }
}
