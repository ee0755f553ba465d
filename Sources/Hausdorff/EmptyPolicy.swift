/// What a metric is where a mask has no foreground; DEFINITIONS names them.
public enum EmptyPolicy: String, CaseIterable, Sendable {
  /// Distances are 0, whether one mask is empty or both.
  case zero
  /// The length of the grid's diagonal, √Σ(sᵢ(nᵢ−1))² in the chosen distance, where one is empty; 0 where both are.
  case diagonal
  /// Infinity where one is empty, 0 where both are.
  case infinity
  /// NaN in both cases, overlaps too.
  case nan
  /// Left out of the reduction.
  case skip
  /// Refused.
  case error
  /// What the library behind the convention answers; nothing where it refuses.
  case convention

  /// The value of a metric for a pair of which `empty` is empty; nil where it is left out.
  func value(of metric: Metric, empty: EmptySide, diagonal: @autoclosure () -> Double) -> Double? {
    switch self {
    case .nan: return .nan
    case .skip, .error: return nil
    case .convention: return metric.convention.value(of: metric, empty: empty)
    case .zero, .diagonal, .infinity:
      guard metric.isDistance else { return empty == .both ? 1 : 0 }
      guard empty != .both, self != .zero else { return 0 }
      return self == .infinity ? .infinity : diagonal()
    }
  }
}

/// Which mask of a pair has no foreground.
public enum EmptySide: String, CaseIterable, Sendable {
  case truth, prediction, both

  /// Nil where neither is empty.
  init?(truthIsEmpty: Bool, predictionIsEmpty: Bool) {
    switch (truthIsEmpty, predictionIsEmpty) {
    case (true, true): self = .both
    case (true, false): self = .truth
    case (false, true): self = .prediction
    case (false, false): return nil
    }
  }
}

extension Convention {
  /// What the library answers; nil where it refuses empty masks.
  fileprivate func value(of metric: Metric, empty: EmptySide) -> Double? {
    let isBoth = empty == .both
    // Where a library does not look at empty masks, sums over nothing decide.
    switch (self, metric.kind) {
    case (.modified, _): return metric.isDistance ? 0 : isBoth ? 1 : 0
    case (.itk, _): return nil
    case (.medpy, .dice), (.medpy, .iou): return isBoth ? 1 : 0
    case (.medpy, _): return nil
    case (.scikitImage, _): return isBoth ? 0 : .infinity
    case (.monai, .hausdorffPercentile): return .nan
    // Not counted where there is nothing to find.
    case (.monai, .dice), (.monai, .iou): return empty == .prediction ? 0 : .nan
    case (.monai, .surfaceDice): return isBoth ? .nan : 0
    case (.monai, _): return isBoth ? .nan : .infinity
    case (.metricsReloaded, .dice): return isBoth ? 1 : 0
    case (.metricsReloaded, .iou): return isBoth ? .nan : 0
    case (.metricsReloaded, .surfaceDice): return isBoth ? 1 : .nan
    case (.metricsReloaded, _): return isBoth ? 0 : .nan
    case (.surfaceDistance, .hausdorff), (.surfaceDistance, .hausdorffPercentile): return .infinity
    case (.surfaceDistance, .averageSurfaceDistance):
      let own: EmptySide = metric.direction == .predictionToTruth ? .prediction : .truth
      return isBoth || empty == own ? .nan : .infinity
    case (.surfaceDistance, _): return isBoth ? .nan : 0
    }
  }
}
