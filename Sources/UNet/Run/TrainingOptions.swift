import Hausdorff

/// What a network is trained on, and how.
public struct TrainingOptions: Equatable, Sendable {
  /// The network.
  public var architecture = Architecture()
  /// What it trains on the weighted sum of; each once.
  public var losses = [TrainingLoss(.dice), TrainingLoss(.crossEntropy)]
  /// Passes over the training set: 1 to 100,000.
  public var epochs = 20
  /// Images of a step: 1 to 4096.
  public var batchSize = 8
  /// How parameters follow their gradient.
  public var optimizer = Optimizer(.adamw)
  /// How the learning rate goes from step to step.
  public var schedule = Schedule()
  /// Epochs in which the rate rises to its largest, in place of the schedule's steps.
  public var warmUpEpochs: Double = 0
  /// What the network computes in.
  public var precision = Precision.auto
  /// What is done to images first.
  public var preprocessing = Preprocessing()
  /// How images are varied in training.
  public var augmentation = Augmentation()
  /// Share of training's windows that are centred on some pixel of the foreground, where images are larger: 0 to 1.
  public var foregroundCrops = 0.5
  /// Share of the samples to validate on, at least one, where no validation set is given: above 0, below 1.
  public var validationFraction = 0.2
  /// Of weights, split, order, augmentation and dropout.
  public var seed: UInt64 = 1
  /// Epochs without a better validation behind which training ends; nil for never.
  public var patience: Int?
  /// Threads to compute on.
  public var threads = 1

  /// A network of 4 levels and 16 base channels on images in their own size, 20 epochs of AdamW, on one thread.
  public init() {}

  /// Refuses what cannot be trained, in words that name the value at fault.
  public func validate() throws(UNetError) {
    try architecture.validate()
    try losses.validate()
    try preprocessing.validate()
    try augmentation.validate()
    func check(_ name: String, _ isFit: Bool, _ range: String) throws(UNetError) {
      guard isFit else { throw UNetError(.configuration, "\(name) must be \(range)") }
    }
    try check("epochs", (1...100_000).contains(epochs), "from 1 to 100000")
    try check("batch_size", (1...4096).contains(batchSize), "from 1 to 4096")
    try check("learning_rate", schedule.rate > 0 && schedule.rate <= 100, "greater than 0, at most 100")
    try check("warm_up_epochs", (0...100_000).contains(warmUpEpochs), "from 0 to 100000")
    try check(
      "weight_decay", optimizer.weightDecay >= 0 && optimizer.weightDecay <= 10, "from 0 to 10")
    try check("momentum", optimizer.momentum >= 0 && optimizer.momentum < 1, "from 0 to less than 1")
    try check("clip_norm", optimizer.maximumNorm ?? 1 > 0, "greater than 0")
    try check("foreground_crops", (0...1).contains(foregroundCrops), "from 0 to 1")
    try check(
      "validation_fraction", validationFraction > 0 && validationFraction < 1,
      "greater than 0 and less than 1")
    try check("early_stopping", patience ?? 1 > 0, "at least 1 epoch")
    try check("threads", (1...1024).contains(threads), "from 1 to 1024")
  }
}
