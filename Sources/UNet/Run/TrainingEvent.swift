/// What a run tells while it goes on.
public enum TrainingEvent: Sendable {
  /// Behind each step.
  case progress(TrainingProgress)
  /// When an epoch's training is saved, before its validation.
  case saved
  /// Behind each epoch, with whether it is the best so far.
  case epoch(EpochRecord, isBest: Bool)
}

/// How far a run is.
public struct TrainingProgress: Equatable, Sendable {
  /// The present epoch, counted from 1.
  public var epoch: Int
  public var epochs: Int
  /// Steps of this epoch that are done.
  public var step: Int
  public var stepsPerEpoch: Int
  /// The mean of the weighted loss over this epoch's images so far.
  public var loss: Double
  /// Images trained on a second, in this epoch and this process.
  public var imagesPerSecond: Double
  /// Seconds to the end of the last epoch, validation included, at the speed so far.
  public var remainingSeconds: Double

  /// The share of all steps that is done.
  public var fraction: Double {
    (Double(epoch - 1) + Double(step) / Double(stepsPerEpoch)) / Double(epochs)
  }
}

/// How a run ended.
public enum TrainingOutcome: String, Sendable {
  /// All epochs are done.
  case finished
  /// Validation got no better for long enough.
  case stoppedEarly
  /// It was asked to stop, and can be resumed.
  case interrupted
}
