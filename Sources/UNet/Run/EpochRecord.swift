/// What an epoch came to.
public struct EpochRecord: Equatable, Sendable {
  /// Counted from 1.
  public var epoch: Int
  /// The mean over the epoch's images of the weighted loss, before each step.
  public var trainLoss: Double
  /// The rate of the epoch's last step.
  public var learningRate: Double
  public var validation: ValidationRecord
  /// Wall-clock time of training and of validation.
  public var seconds: Double
  public var validationSeconds: Double
  /// Images trained on a second.
  public var imagesPerSecond: Double
}

/// How a network does on images that it does not train on: means over images and foreground classes.
public struct ValidationRecord: Equatable, Sendable {
  /// The weighted loss.
  public var loss: Double
  /// Of predictions above 0.5, or with several classes of the most probable one.
  public var dice: Double
  /// The exact average Hausdorff distance, in pixels of what the network sees; the diagonal where only one mask is empty.
  public var averageHausdorff: Double
  /// The 95th percentile likewise.
  public var hausdorff95: Double
  /// The largest distance likewise.
  public var hausdorff: Double
  /// Pairs of which only one mask is empty: objects not found, or found where there is none.
  public var misses: Int
}
