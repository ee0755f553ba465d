import Hausdorff

/// The training of a U-Net from its first epoch to its last, on files of one folder.
///
/// Behind each epoch the folder holds `last.safetensors`, from which the run can be resumed, and `best.safetensors` and
/// `best.onnx`, the model of the epoch with the least average Hausdorff distance of validation. Each is replaced as a whole
/// or not at all.
/// For the same samples, options and number of threads a run computes the same bits, also where it was interrupted.
public final class TrainingRun {
  public let options: TrainingOptions
  /// Samples to train and to validate on.
  public var sampleCounts: (training: Int, validation: Int) { (sets.trained.count, sets.validated.count) }
  /// Height and width that the network trains on.
  public var inputSize: (height: Int, width: Int) { (sets.height, sets.width) }
  /// What `options.precision` came to.
  public var precision: Precision { trainer.precision }
  /// The record of each epoch.
  public var history: [EpochRecord] { state.history }
  /// The record of the best epoch.
  public var best: EpochRecord? { state.best }
  public var stepsPerEpoch: Int { (sets.trained.count + options.batchSize - 1) / options.batchSize }
  /// Steps taken since the run began.
  public var steps: Int { state.steps }

  public static let lastName = "last.safetensors"
  public static let bestName = "best.safetensors"
  public static let exportName = "best.onnx"

  private let folder: String
  private let notes: [(String, String)]
  /// What may not differ where the run is resumed.
  private let identity: [(name: String, value: String)]
  private let sets: TrainingSets
  private let trainer: Trainer
  private let predictor: Predictor
  private let loader: BatchLoader
  private let reader: SampleReader
  private var state: TrainingState
  private var clock = EpochClock()
  private let schedule: Schedule

  /// - Parameters:
  ///   - training: at least one sample, two if there is no validation set.
  ///   - validation: samples to validate on; nil for a share of those to train on.
  ///   - initial: weights to start from, of the same architecture; random ones where there are none.
  ///   - isResumed: whether to go on from the folder's `last.safetensors`, which a run of these options wrote.
  ///   - folder: where files go; it exists.
  ///   - notes: what to save with `last.safetensors` besides.
  /// - Throws: `UNetError` for options that have no meaning, samples that do not go with them, a checkpoint that is none or
  ///   of other samples, and where memory does not suffice.
  public init(
    options: TrainingOptions, training: any SampleSource, validation: (any SampleSource)? = nil,
    initial: Weights? = nil, isResumed: Bool = false, folder: String, notes: [(String, String)] = []
  ) throws(UNetError) {
    try options.validate()
    (self.options, self.folder, self.notes) = (options, folder, notes)
    sets = try TrainingSets(training: training, validation: validation, options: options)
    if let initial, initial.architecture != options.architecture {
      throw UNetError(.configuration, "the weights to start from are of another architecture")
    }
    let precision = try Engine.resolve(options.precision)
    identity = [
      ("data", sets.digest), ("seed", "\(options.seed)"), ("batch_size", "\(options.batchSize)"),
      ("losses", options.losses.map(\.name).joined(separator: ",")),
      ("optimizer", options.optimizer.kind.rawValue),
      // What `auto` comes to may differ where the run goes on.
      ("precision", options.precision == .auto ? "auto" : precision.rawValue),
      ("training samples", "\(sets.trained.count)"),
    ]
    let checkpoint =
      isResumed ? try Checkpoint(path: "\(folder)/\(Self.lastName)") : nil
    if let checkpoint { try Self.check(checkpoint, options, identity, sets) }
    var settings = Trainer.Options(height: sets.height, width: sets.width, threads: options.threads)
    settings.batchSize = min(options.batchSize, sets.trained.count)
    (settings.precision, settings.optimizer) = (options.precision, options.optimizer)
    let weights =
      checkpoint?.model.weights ?? initial ?? Weights(architecture: options.architecture, seed: options.seed)
    trainer = try Trainer(weights: weights, options: settings)
    predictor = try Predictor(weights: weights, precision: options.precision, threads: options.threads)
    reader = SampleReader(
      source: training, preprocessing: options.preprocessing, augmentation: options.augmentation,
      foregroundCrops: options.foregroundCrops, height: sets.height, width: sets.width)
    loader = BatchLoader(reader: reader, batchSize: settings.batchSize)
    state = checkpoint?.state ?? TrainingState(terms: options.losses.count)
    if let checkpoint { trainer.state.resume(checkpoint.moments, step: checkpoint.optimizerStep) }
    var schedule = options.schedule
    let steps = (sets.trained.count + options.batchSize - 1) / options.batchSize
    schedule.warmUpSteps += Int((options.warmUpEpochs * Double(steps)).rounded())
    self.schedule = schedule
  }

  /// Refuses options that have no meaning and samples that do not go with them, as a run would.
  public static func check(
    options: TrainingOptions, training: any SampleSource, validation: (any SampleSource)? = nil
  ) throws(UNetError) {
    try options.validate()
    _ = try TrainingSets(training: training, validation: validation, options: options)
  }

  private static func check(
    _ checkpoint: Checkpoint, _ options: TrainingOptions, _ identity: [(String, String)], _ sets: TrainingSets
  ) throws(UNetError) {
    func refuse(_ detail: String) -> UNetError {
      UNetError(.configuration, "the run cannot be resumed: \(detail)")
    }
    guard checkpoint.model.weights.architecture == options.architecture else {
      throw refuse("its network is of another architecture")
    }
    for (name, value) in identity {
      guard let before = checkpoint.identity[name], before == value else {
        throw refuse(
          "its \(name) \(name == "data" ? "are not those it began with" : "was \(checkpoint.identity[name] ?? "another"), not \(value)")"
        )
      }
    }
    let steps = (sets.trained.count + options.batchSize - 1) / options.batchSize
    let state = checkpoint.state
    guard state.epoch <= options.epochs else { throw refuse("it is further than epoch \(options.epochs)") }
    guard state.step <= steps, state.steps == state.epoch * steps + state.step,
      state.steps == checkpoint.optimizerStep, state.termSums.count == options.losses.count,
      state.balance?.count ?? options.losses.count == options.losses.count,
      state.images == min(sets.trained.count, state.step * options.batchSize)
    else { throw UNetError(.model, "\(lastName) contradicts itself") }
  }

  /// Trains to the end.
  ///
  /// - Parameters:
  ///   - shouldStop: looked at behind each step; where it is true, the run is saved and can be resumed.
  ///   - willSave: called before each file is written; it may end the process, with the files as they are.
  ///   - report: gets what happens, on this thread.
  /// - Throws: `UNetError.notFinite`, with epoch and step, where loss or gradient is not finite; `UNetError.system` where a
  ///   file cannot be written. The run can then be resumed from where it was saved last.
  public func run(
    shouldStop: () -> Bool = { false }, willSave: () -> Void = {},
    report: (TrainingEvent) -> Void = { _ in }
  ) throws(UNetError) -> TrainingOutcome {
    while state.epoch < options.epochs {
      if hasLostPatience { return .stoppedEarly }
      clock = EpochClock()
      guard try trainEpoch(shouldStop, report) else {
        willSave()
        try save()
        return .interrupted
      }
      try endEpoch(willSave, report)
      if shouldStop(), state.epoch < options.epochs, !hasLostPatience { return .interrupted }
    }
    return .finished
  }

  private var hasLostPatience: Bool {
    guard let patience = options.patience, let best = state.best else { return false }
    return state.epoch - best.epoch >= patience
  }

  /// Trains the rest of an epoch; false where it was asked to stop.
  private func trainEpoch(
    _ shouldStop: () -> Bool, _ report: (TrainingEvent) -> Void
  ) throws(UNetError) -> Bool {
    let (seed, epoch) = (options.seed, UInt64(state.epoch))
    var order = Random(seed: seed, 2, epoch)
    let indices = order.permutation(of: sets.trained.count).map { sets.trained[$0] }
    let lists = stride(from: 0, to: indices.count, by: options.batchSize).map {
      indices[$0..<min(indices.count, $0 + options.batchSize)]
    }
    var isStopped = false
    let rest = Array(lists[min(state.step, lists.count)...])
    let random: @Sendable (Int) -> Random = { Random(seed: seed, 3, epoch, UInt64($0)) }
    try loader.forEach(rest, random: random) { (batch) throws(UNetError) in
      try takeStep(batch)
      report(.progress(progress))
      isStopped = state.step < lists.count && shouldStop()
      return !isStopped
    }
    return !isStopped
  }

  private func takeStep(_ batch: BatchLoader.Batch) throws(UNetError) {
    let plane = sets.height * sets.width
    let images = UnsafeBufferPointer(
      rebasing: batch.images[..<(batch.count * plane * trainer.architecture.inChannels)])
    let labels = UnsafeBufferPointer(rebasing: batch.labels[..<(batch.count * plane)])
    let losses = options.losses
    let isUnbalanced = losses.hasBalanced && state.balance == nil
    let value: LossValue
    do throws(UNetError) {
      value = try trainer.step(
        images: images, labels: labels, loss: function, rate: schedule.rate(at: state.steps, of: totalSteps),
        dropout: dropoutSeed,
        weighing: isUnbalanced
          ? { terms in
            self.state.balance = losses.balance(means: terms.map { $0 ?? 0 })
            return self.function
          } : nil)
    } catch  where error.kind == .notFinite {
      throw UNetError(
        .notFinite, "training diverged at epoch \(state.epoch + 1), step \(state.step + 1): \(error.detail)")
    }
    state.step += 1
    state.steps += 1
    state.images += batch.count
    clock.steps += 1
    clock.images += batch.count
    state.lossSum += (value.loss ?? .nan) * Double(batch.count)
    for (index, term) in value.terms.enumerated() {
      state.termSums[index] += (term ?? 0) * Double(batch.count)
    }
  }

  private var totalSteps: Int { options.epochs * stepsPerEpoch }
  private var dropoutSeed: UInt64 {
    var random = Random(seed: options.seed, 4, UInt64(state.steps))
    return random.next()
  }
  /// The loss of the present epoch.
  private var function: LossFunction {
    options.losses.function(
      epoch: state.epoch, balance: state.balance, classes: options.architecture.classes)
  }

  private var progress: TrainingProgress {
    let seconds = monotonicSeconds() - clock.start
    let stepsLeft = totalSteps - state.epoch * stepsPerEpoch - state.step
    let validation = state.history.last?.validationSeconds ?? 0
    return TrainingProgress(
      epoch: state.epoch + 1, epochs: options.epochs, step: state.step, stepsPerEpoch: stepsPerEpoch,
      loss: state.lossSum / Double(state.images), imagesPerSecond: Double(clock.images) / seconds,
      remainingSeconds: seconds / Double(clock.steps) * Double(stepsLeft)
        + validation * Double(options.epochs - state.epoch))
  }

  /// Validates, records the epoch and saves; before that, too, so that what was trained outlives a validation that fails.
  private func endEpoch(
    _ willSave: () -> Void, _ report: (TrainingEvent) -> Void
  ) throws(UNetError) {
    let seconds = monotonicSeconds() - clock.start
    let weights = trainer.weights
    willSave()
    try save(weights)
    report(.saved)
    let start = monotonicSeconds()
    let validation = try validate(weights)
    let means = state.termSums.map { $0 / Double(state.images) }
    state.history.append(
      EpochRecord(
        epoch: state.epoch + 1, trainLoss: state.lossSum / Double(state.images),
        learningRate: schedule.rate(at: state.steps - 1, of: totalSteps), validation: validation,
        seconds: seconds, validationSeconds: monotonicSeconds() - start,
        imagesPerSecond: Double(clock.images) / seconds))
    if options.losses.hasBalanced { state.balance = options.losses.balance(means: means) }
    state.epoch += 1
    state.beginEpoch()
    let isBest = state.best?.epoch == state.epoch
    if isBest {
      let model = model(weights, state.history.last!)
      willSave()
      try model.write(to: "\(folder)/\(Self.bestName)")
      willSave()
      try model.writeONNX(to: "\(folder)/\(Self.exportName)")
    }
    willSave()
    try save(weights)
    report(.epoch(state.history.last!, isBest: isBest))
  }

  private func validate(_ weights: Weights) throws(UNetError) -> ValidationRecord {
    try predictor.load(weights)
    var validation = Validation(loss: function, classes: options.architecture.classes)
    let reader = reader.reading(sets.validation)
    for index in sets.validated {
      do throws(UNetError) {
        try validate(reader.whole(index), &validation)
      } catch {
        throw UNetError(
          error.kind,
          "validation of epoch \(state.epoch + 1), \(sets.validation.name(of: index)): \(error.detail)")
      }
    }
    return validation.record
  }

  private func validate(_ sample: Sample, _ validation: inout Validation) throws(UNetError) {
    var logits = [Float](
      repeating: 0, count: options.architecture.classes * sample.height * sample.width)
    try sample.image.withUnsafeBufferPointer { (image) throws(UNetError) in
      try logits.withUnsafeMutableBufferPointer { (logits) throws(UNetError) in
        try predictor.logits(of: image, height: sample.height, width: sample.width, into: logits)
      }
    }
    try sample.labels.withUnsafeBufferPointer { (labels) throws(UNetError) in
      try logits.withUnsafeBufferPointer { (logits) throws(UNetError) in
        try validation.add(logits: logits, labels: labels, height: sample.height, width: sample.width)
      }
    }
  }

  /// A model to give away: with its figures, and without notes, which may name folders of this machine.
  private func model(_ weights: Weights, _ record: EpochRecord) -> Model {
    Model(
      weights: weights, preprocessing: options.preprocessing,
      metadata: [
        ("epoch", "\(record.epoch)"), ("val_dice", "\(record.validation.dice)"),
        ("val_average_hausdorff", "\(record.validation.averageHausdorff)"),
        ("val_hausdorff_95", "\(record.validation.hausdorff95)"),
      ])
  }

  /// Writes what the run can be resumed from.
  private func save(_ weights: Weights? = nil) throws(UNetError) {
    let checkpoint = Checkpoint(
      model: Model(
        weights: weights ?? trainer.weights, preprocessing: options.preprocessing, metadata: notes),
      moments: trainer.state.moments,
      optimizerStep: trainer.state.step, state: state,
      identity: Dictionary(uniqueKeysWithValues: identity.map { ($0.name, $0.value) }))
    try checkpoint.write(to: "\(folder)/\(Self.lastName)")
  }
}

/// What a process did of the present epoch.
private struct EpochClock {
  let start = monotonicSeconds()
  var images = 0
  var steps = 0
}
