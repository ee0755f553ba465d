import Foundation
import Hausdorff
import Testing

@testable import UNet

struct TrainingRunTests {
  private static func options(_ change: (inout TrainingOptions) -> Void = { _ in }) -> TrainingOptions {
    var options = TrainingOptions()
    (options.architecture.levels, options.architecture.baseChannels) = (2, 8)
    (options.epochs, options.batchSize, options.threads, options.precision) = (3, 4, 2, .f32)
    change(&options)
    return options
  }

  private static let samples = TestSamples(count: 14)

  /// Weights, and records without their times, of a run that is done.
  private static func result(_ run: TrainingRun, _ folder: TemporaryFolder) throws -> (
    Weights, [[Double]], [String: String]
  ) {
    let file = try Safetensors.read(path: "\(folder.path)/\(TrainingRun.lastName)")
    let records = run.history.map { record in
      [
        Double(record.epoch), record.trainLoss, record.learningRate, record.validation.loss,
        record.validation.dice, record.validation.averageHausdorff, record.validation.hausdorff95,
        record.validation.hausdorff, Double(record.validation.misses),
      ]
    }
    var metadata: [String: String] = [:]
    for (key, value) in file.metadata where !["state.history", "checkpoint.digest"].contains(key) {
      metadata[key] = value
    }
    return (try Model(path: "\(folder.path)/\(TrainingRun.lastName)").weights, records, metadata)
  }

  private static let recipes: [(String, @Sendable (inout TrainingOptions) -> Void)] = [
    ("plain", { _ in }),
    (
      "everything",
      {
        $0.losses = [
          TrainingLoss(.dice), TrainingLoss(.hausdorffDistanceTransform(), weight: .balanced),
          TrainingLoss(.crossEntropy, weight: .ramp(from: 0, to: 1, epochs: 2)),
        ]
        $0.architecture.dropout = 0.2
        ($0.schedule.kind, $0.warmUpEpochs) = (.cosine, 1)
        ($0.optimizer.maximumNorm, $0.augmentation.degrees, $0.augmentation.noise) = (1, 20, 0.1)
        ($0.preprocessing.inputSize, $0.foregroundCrops) = ([24, 20], 0.5)
      }
    ),
    (
      "sgd",
      {
        ($0.optimizer, $0.preprocessing.fit, $0.preprocessing.inputSize) = (
          Optimizer(.sgd), .resize, [16, 24]
        )
        $0.preprocessing.clip = 1...99
      }
    ),
    (
      "automatic",
      { ($0.precision, $0.architecture.classes, $0.architecture.normalization) = (.auto, 2, .none) }
    ),
  ]

  @Test(arguments: recipes.indices, [0, 1, 2, 4, 5, 7])
  func `A run that is interrupted and resumed gives bit for bit what one gives that is not`(
    _ recipe: Int, _ steps: Int
  ) throws {
    let options = Self.options(Self.recipes[recipe].1)
    let (whole, parts) = (try TemporaryFolder(), try TemporaryFolder())
    let first = try TrainingRun(options: options, training: Self.samples, folder: whole.path)
    #expect(try first.run() == .finished)
    var taken = 0
    let interrupted = try TrainingRun(options: options, training: Self.samples, folder: parts.path)
    func shouldStop() -> Bool {
      taken += 1
      return taken > steps
    }
    let outcome = try interrupted.run(shouldStop: shouldStop)
    #expect(outcome == .interrupted)
    let resumed = try TrainingRun(
      options: options, training: Self.samples, isResumed: true, folder: parts.path)
    #expect(try resumed.run() == .finished)
    let (expected, result) = (try Self.result(first, whole), try Self.result(resumed, parts))
    #expect(result.0 == expected.0, "weights")
    #expect(result.1 == expected.1, "records")
    #expect(result.2 == expected.2, "state")
    let best = try [whole, parts].map { try Model(path: "\($0.path)/\(TrainingRun.bestName)").weights }
    #expect(best[0] == best[1], "the best model")
    #expect(try parts.names == [TrainingRun.exportName, TrainingRun.bestName, TrainingRun.lastName])
  }

  @Test func `Epochs are reported, and files are those of the best and of the last`() throws {
    let folder = try TemporaryFolder()
    let run = try TrainingRun(
      options: Self.options { $0.epochs = 4 }, training: Self.samples, folder: folder.path,
      notes: [("option.epochs", "4")])
    #expect(run.sampleCounts == (11, 3) && run.stepsPerEpoch == 3)
    var (steps, records, best): (Int, [EpochRecord], [Int]) = (0, [], [])
    func note(_ event: TrainingEvent) {
      switch event {
      case .saved: #expect(steps == 3 * (records.count + 1))
      case .progress(let progress):
        steps += 1
        #expect(progress.step == (steps - 1) % 3 + 1 && progress.epoch == (steps - 1) / 3 + 1)
        #expect(abs(progress.fraction - Double(steps) / 12) < 1e-12)
        #expect(progress.imagesPerSecond > 0 && progress.loss.isFinite)
        #expect(progress.remainingSeconds >= 0)
      case .epoch(let record, let isBest):
        records.append(record)
        if isBest { best.append(record.epoch) }
      }
    }
    _ = try run.run(report: note)
    #expect(steps == 12 && records == run.history && best.last == run.best?.epoch)
    #expect(records.map(\.epoch) == [1, 2, 3, 4])
    #expect(records.last!.trainLoss < records[0].trainLoss)
    let model = try Model(path: "\(folder.path)/\(TrainingRun.lastName)")
    #expect(model.metadata.contains { $0 == ("option.epochs", "4") })
    let bestModel = try Model(path: "\(folder.path)/\(TrainingRun.bestName)")
    #expect(best.last == 4 || model.weights != bestModel.weights)
  }

  @Test func `A set of its own is validated on, and what it holds is found`() throws {
    let folder = try TemporaryFolder()
    let validation = TestSamples(count: 3, seed: 9)
    let run = try TrainingRun(
      options: Self.options { $0.epochs = 1 }, training: TestSamples(count: 1), validation: validation,
      folder: folder.path)
    #expect(run.sampleCounts == (1, 3))
    _ = try run.run()
    // The same by hand.
    let predictor = try Predictor(
      weights: Model(path: "\(folder.path)/\(TrainingRun.lastName)").weights, precision: .f32, threads: 2)
    var dice = 0.0
    for sample in validation.samples {
      let values = try predictor.probabilities(
        of: sample.image, height: 32, width: 32, preprocessing: Preprocessing())
      let labels = Predictor.labels(of: values, classes: 1)
      let common = zip(labels, sample.labels).count { $0 == 1 && $1 == 1 }
      let sum = labels.count { $0 == 1 } + sample.labels.count { $0 == 1 }
      dice += sum == 0 ? 1.0 : Double(2 * common) / Double(sum)
    }
    #expect(abs(run.history[0].validation.dice - dice / 3) < 1e-6)
  }

  @Test func `It stops early where validation gets no better`() throws {
    let folder = try TemporaryFolder()
    let options = Self.options { ($0.epochs, $0.patience, $0.schedule.rate) = (50, 2, 1e-12) }
    let run = try TrainingRun(options: options, training: Self.samples, folder: folder.path)
    #expect(try run.run() == .stoppedEarly)
    #expect(run.history.count < 10 && run.history.count == run.best!.epoch + 2)
    let again = try TrainingRun(
      options: options, training: Self.samples, isResumed: true, folder: folder.path)
    #expect(try again.run() == .stoppedEarly && again.history.count == run.history.count)
  }

  @Test func `It starts from given weights`() throws {
    let folder = try TemporaryFolder()
    let options = Self.options { ($0.epochs, $0.schedule.rate, $0.optimizer.weightDecay) = (1, 1e-30, 0) }
    let weights = Weights(architecture: options.architecture, seed: 77)
    _ = try TrainingRun(options: options, training: Self.samples, initial: weights, folder: folder.path).run()
    let result = try Model(path: "\(folder.path)/\(TrainingRun.lastName)").weights
    #expect(result["head.weight"] == weights["head.weight"])
    var other = Weights(architecture: Architecture(), seed: 1)
    other["head.bias"] = [1]
    let error = #expect(throws: UNetError.self) {
      try TrainingRun(options: options, training: Self.samples, initial: other, folder: folder.path)
    }
    #expect(error?.detail.contains("architecture") == true)
  }

  @Test func `A run that diverges says where, and leaves the epoch before`() throws {
    let folder = try TemporaryFolder()
    var samples = Self.samples
    let run = try TrainingRun(
      options: Self.options { $0.epochs = 1 }, training: samples, folder: folder.path)
    _ = try run.run()
    let before = try Data(contentsOf: URL(filePath: "\(folder.path)/\(TrainingRun.lastName)"))
    for index in samples.samples.indices { samples.samples[index].image[5] = .nan }
    let broken = try TrainingRun(
      options: Self.options { $0.epochs = 2 }, training: samples, isResumed: true, folder: folder.path)
    let error = #expect(throws: UNetError.self) { try broken.run() }
    #expect(error?.kind == .notFinite)
    #expect(error?.detail.hasPrefix("training diverged at epoch 2, step 1: ") == true, "\(error as Any)")
    #expect(try Data(contentsOf: URL(filePath: "\(folder.path)/\(TrainingRun.lastName)")) == before)
  }

  @Test func `What cannot be trained on is named`() throws {
    let folder = try TemporaryFolder()
    func words(
      _ samples: TestSamples, validation: TestSamples? = nil,
      _ change: (inout TrainingOptions) -> Void = { _ in }
    ) -> String {
      let error = #expect(throws: UNetError.self) {
        try TrainingRun(
          options: Self.options(change), training: samples, validation: validation, folder: folder.path)
      }
      return error?.detail ?? ""
    }
    #expect(words(TestSamples(count: 0)).contains("is empty"))
    #expect(words(TestSamples(count: 1)).contains("one sample only"))
    #expect(words(Self.samples, validation: TestSamples(count: 0)).contains("validation set is empty"))
    #expect(words(TestSamples(count: 3, channels: 2)).contains("2 channels, but the network takes 1"))
    #expect(
      words(Self.samples, validation: TestSamples(count: 2, channels: 3)).contains("validation images have 3")
    )
    #expect(words(Self.samples) { $0.architecture.levels = 6 }.contains("too small for 6 levels"))
    var labelled = Self.samples
    labelled.samples[4].labels[9] = 3
    #expect(words(labelled) { $0.architecture.classes = 3 }.contains("sample 4 has label 3"))
    var sizes = Self.samples
    sizes.samples[2] = TestSamples(count: 1, height: 40).samples[0]
    #expect(words(sizes).contains("sample 2 is 40×32, but sample 0 32×32"))
    var empty = Self.samples
    for index in empty.samples.indices { empty.samples[index].labels = [UInt8](repeating: 0, count: 1024) }
    #expect(words(empty).contains("any foreground"))
    #expect(words(Self.samples) { $0.losses = [] }.contains("no loss"))
    #expect(words(Self.samples) { $0.augmentation.scale = 1 }.contains("scale"))
    #expect(try folder.names == [])
  }

  @Test func `A run is resumed only with what it began with`() throws {
    let folder = try TemporaryFolder()
    _ = try TrainingRun(
      options: Self.options { $0.epochs = 1 }, training: Self.samples, folder: folder.path
    ).run()
    func words(_ samples: TestSamples, _ change: (inout TrainingOptions) -> Void = { _ in }) -> String {
      let error = #expect(throws: UNetError.self) {
        try TrainingRun(
          options: Self.options(change), training: samples, isResumed: true, folder: folder.path)
      }
      return error?.detail ?? ""
    }
    var others = Self.samples
    others.digest = "others"
    #expect(words(others).contains("data are not those"))
    #expect(words(Self.samples) { $0.seed = 2 }.contains("its seed was 1, not 2"))
    #expect(words(Self.samples) { $0.batchSize = 2 }.contains("batch_size"))
    #expect(words(Self.samples) { $0.validationFraction = 0.5 }.contains("training samples"))
    #expect(words(Self.samples) { $0.architecture.levels = 1 }.contains("architecture"))
    #expect(words(Self.samples) { $0.optimizer = Optimizer(.sgd) }.contains("optimizer"))
    #expect(
      words(Self.samples) { $0.losses.removeLast() }.contains("its losses was dice_loss,bce, not dice_loss"))
    let other = try TemporaryFolder()
    let error = #expect(throws: UNetError.self) {
      try TrainingRun(
        options: Self.options(), training: Self.samples, isResumed: true, folder: other.path)
    }
    #expect(error?.detail.contains("last.safetensors") == true)
  }

  @Test func `A checkpoint of which any bit has changed is refused`() throws {
    let folder = try TemporaryFolder()
    let options = Self.options {
      ($0.epochs, $0.architecture.baseChannels, $0.architecture.levels) = (1, 1, 1)
    }
    _ = try TrainingRun(options: options, training: Self.samples, folder: folder.path).run()
    let url = URL(filePath: "\(folder.path)/\(TrainingRun.lastName)")
    let whole = try Data(contentsOf: url)
    let header = 8 + whole.prefix(8).reversed().reduce(0) { $0 << 8 | Int($1) }
    for index in stride(from: header, to: whole.count, by: (whole.count - header) / 60) {
      var changed = whole
      changed[index] ^= 1 << UInt8(index % 8)
      try changed.write(to: url)
      let error = #expect(throws: UNetError.self) {
        try TrainingRun(options: options, training: Self.samples, isResumed: true, folder: folder.path)
      }
      #expect(error?.kind == .model)
    }
  }

  @Test func `Training and validation share what foreground there is`() throws {
    for seed in 0..<20 {
      var samples = Self.samples
      for index in samples.samples.indices where ![3, 9].contains(index) {
        samples.samples[index].labels = [UInt8](repeating: 0, count: 1024)
      }
      let options = Self.options { $0.seed = UInt64(seed) }
      let sets = try TrainingSets(training: samples, validation: nil, options: options)
      #expect(Set([sets.trained, sets.validated].map { $0.count { [3, 9].contains($0) } }) == [1])
      #expect((sets.trained + sets.validated).sorted() == Array(0..<14))
      samples.samples[9].labels = samples.samples[0].labels
      let error = #expect(throws: UNetError.self) {
        try TrainingSets(training: samples, validation: nil, options: options)
      }
      #expect(error?.detail.contains("has any foreground") == true)
    }
  }

  @Test func `What a validation cannot compute is told with its epoch and sample`() throws {
    let folder = try TemporaryFolder()
    var validation = TestSamples(count: 2)
    validation.gone = 1
    let run = try TrainingRun(
      options: Self.options(), training: Self.samples, validation: validation, folder: folder.path)
    let error = #expect(throws: UNetError.self) { try run.run() }
    #expect(error?.detail.hasPrefix("validation of epoch 1, sample 1: it is gone") == true, "\(error as Any)")
    // The epoch is not lost.
    let again = try TrainingRun(
      options: Self.options { $0.epochs = 1 }, training: Self.samples, validation: TestSamples(count: 2),
      isResumed: true, folder: folder.path)
    var steps = 0
    let outcome = try again.run(report: { if case .progress = $0 { steps += 1 } })
    #expect(outcome == .finished && steps == 0 && again.history.count == 1)
  }

  @Test func `A checkpoint that is cut short is refused, wherever it is cut`() throws {
    let folder = try TemporaryFolder()
    let options = Self.options {
      ($0.epochs, $0.architecture.baseChannels, $0.architecture.levels) = (1, 1, 1)
    }
    _ = try TrainingRun(options: options, training: Self.samples, folder: folder.path).run()
    let path = "\(folder.path)/\(TrainingRun.lastName)"
    let whole = try Data(contentsOf: URL(filePath: path))
    for count in stride(from: 0, to: whole.count, by: whole.count / 40) {
      try whole.prefix(count).write(to: URL(filePath: path))
      #expect(throws: UNetError.self) {
        try TrainingRun(options: options, training: Self.samples, isResumed: true, folder: folder.path)
      }
    }
  }

  @Test func `A network learns to find discs`() throws {
    let folder = try TemporaryFolder()
    let samples = TestSamples(count: 48, noise: 0.5)
    let options = Self.options {
      ($0.epochs, $0.precision, $0.schedule.rate) = (12, .auto, 3e-3)
      $0.losses = [TrainingLoss(.dice), TrainingLoss(.hausdorffDistanceTransform(), weight: .balanced)]
    }
    let run = try TrainingRun(options: options, training: samples, folder: folder.path)
    _ = try run.run()
    #expect(run.best!.validation.dice > 0.9, "\(run.best!)")
  }
}
