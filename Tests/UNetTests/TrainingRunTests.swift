import Foundation
import Hausdorff
import Testing

@testable import UNet

/// A folder for a run's files, removed in the end.
final class RunFolder {
  let path: String

  init() throws {
    path = FileManager.default.temporaryDirectory.appending(component: "run-\(UUID())").path()
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }

  var names: [String] { ((try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []).sorted() }
}

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
  private static func result(_ run: TrainingRun, _ folder: RunFolder) throws -> (
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
    for (key, value) in file.metadata where key != "state.history" { metadata[key] = value }
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
    ), ("sgd", { $0.optimizer = Optimizer(.sgd) }), ("automatic", { $0.precision = .auto }),
  ]

  @Test(arguments: recipes.indices, [0, 1, 2, 4, 5, 7])
  func `A run that is interrupted and resumed gives bit for bit what one gives that is not`(
    _ recipe: Int, _ steps: Int
  ) throws {
    let options = Self.options(Self.recipes[recipe].1)
    let (whole, parts) = (try RunFolder(), try RunFolder())
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
    #expect(parts.names == [TrainingRun.bestName, TrainingRun.lastName])
  }

  @Test func `Epochs are reported, and files are those of the best and of the last`() throws {
    let folder = try RunFolder()
    let run = try TrainingRun(
      options: Self.options { $0.epochs = 4 }, training: Self.samples, folder: folder.path,
      notes: [("option.epochs", "4")])
    #expect(run.sampleCounts == (11, 3) && run.stepsPerEpoch == 3)
    var (steps, records, best): (Int, [EpochRecord], [Int]) = (0, [], [])
    func note(_ event: TrainingEvent) {
      switch event {
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
    let folder = try RunFolder()
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
    let folder = try RunFolder()
    let options = Self.options { ($0.epochs, $0.patience, $0.schedule.rate) = (50, 2, 1e-12) }
    let run = try TrainingRun(options: options, training: Self.samples, folder: folder.path)
    #expect(try run.run() == .stoppedEarly)
    #expect(run.history.count < 10 && run.history.count == run.best!.epoch + 2)
    let again = try TrainingRun(
      options: options, training: Self.samples, isResumed: true, folder: folder.path)
    #expect(try again.run() == .stoppedEarly && again.history.count == run.history.count)
  }

  @Test func `It starts from given weights`() throws {
    let folder = try RunFolder()
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
    let folder = try RunFolder()
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
    let folder = try RunFolder()
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
    #expect(folder.names == [])
  }

  @Test func `A run is resumed only with what it began with`() throws {
    let folder = try RunFolder()
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
    #expect(words(Self.samples) { $0.seed = 2 }.contains("seed"))
    #expect(words(Self.samples) { $0.architecture.levels = 1 }.contains("architecture"))
    #expect(words(Self.samples) { $0.optimizer = Optimizer(.sgd) }.contains("optimizer"))
    #expect(words(Self.samples) { $0.losses.removeLast() }.contains("state.term_sums"))
    let other = try RunFolder()
    let error = #expect(throws: UNetError.self) {
      try TrainingRun(
        options: Self.options(), training: Self.samples, isResumed: true, folder: other.path)
    }
    #expect(error?.detail.contains("last.safetensors") == true)
  }

  @Test func `A checkpoint that is cut short is refused, wherever it is cut`() throws {
    let folder = try RunFolder()
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
    let folder = try RunFolder()
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
