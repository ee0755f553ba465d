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

  /// The value of a metric for a pair of which `empty` is empty; nil where it is left out.
  func value(of metric: Metric, empty: EmptySide, diagonal: @autoclosure () -> Double) -> Double? {
    switch self {
    case .nan: return .nan
    case .skip, .error: return nil
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
