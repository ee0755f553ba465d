import CKernels

/// How pairs are scored.
public struct ScoreOptions: Sendable {
  /// What is computed, in this order.
  public var metrics: [Metric]
  public var distance: Distance
  /// Size of a point along each axis of space, in the unit that distances are wanted in; positive and finite.
  public var spacing: [Double]
  public var empty: EmptyPolicy

  public init(
    metrics: [Metric] = [.averageHausdorff], distance: Distance = .euclidean, spacing: [Double],
    empty: EmptyPolicy = .zero
  ) {
    (self.metrics, self.distance, self.spacing, self.empty) = (metrics, distance, spacing, empty)
  }
}

/// The metrics of one pair of masks.
public struct Score: Sendable, Equatable {
  /// One value a metric, in the order asked for; nil where the empty policy leaves the pair out.
  public let values: [Double?]
  /// Which mask was empty, if one was.
  public let empty: EmptySide?

  /// Scores a predicted mask against the true one.
  ///
  /// Exact, under the convention `modified`; time is linear in the grid's points. Distances are in the unit of the
  /// spacing. `average_hausdorff` and `hausdorff` are taken over all foreground points, `hausdorff_Q` over boundaries.
  ///
  /// - Precondition: the masks have the same shape, and `options.spacing` one entry for each of its axes.
  public init(truth: Mask, prediction: Mask, options: ScoreOptions) {
    precondition(truth.shape == prediction.shape && options.spacing.count == truth.shape.count)
    var pair = Pair(truth: truth, prediction: prediction, options: options)
    empty = pair.empty
    values = options.metrics.map { pair.value(of: $0) }
  }
}

/// A pair of masks, with what several metrics share.
private struct Pair {
  let truth, prediction: Mask
  let options: ScoreOptions
  let counts: ck_counts
  let onlyTruth, onlyPrediction: Mask
  let empty: EmptySide?

  // Made when a metric first asks.
  private var foreground: [Metric.Direction: DirectedDistances] = [:]
  private var boundaries: (truth: Mask, prediction: Mask)?
  private var betweenBoundaries: [Metric.Direction: (distances: DirectedDistances, zeros: Int)] = [:]

  init(truth: Mask, prediction: Mask, options: ScoreOptions) {
    (self.truth, self.prediction, self.options) = (truth, prediction, options)
    let difference = Mask.compare(truth, prediction)
    (counts, onlyTruth, onlyPrediction) = difference
    empty =
      switch (counts.in_first == 0, counts.in_second == 0) {
      case (true, true): .both
      case (true, false): .truth
      case (false, true): .prediction
      case (false, false): nil
      }
  }

  mutating func value(of metric: Metric) -> Double? {
    if let empty {
      return options.empty.value(of: metric, empty: empty, diagonal: diagonal)
    }
    switch metric.kind {
    case .dice: return 2 * Double(counts.in_both) / Double(counts.in_first + counts.in_second)
    case .iou: return Double(counts.in_both) / Double(counts.in_first + counts.in_second - counts.in_both)
    case .averageHausdorff:
      if let direction = metric.direction { return mean(direction) }
      return (mean(.predictionToTruth) + mean(.truthToPrediction)) / 2
    case .hausdorff:
      if let direction = metric.direction { return distances(direction).maximum }
      return max(distances(.predictionToTruth).maximum, distances(.truthToPrediction).maximum)
    case .hausdorffPercentile(let percent):
      if let direction = metric.direction { return boundaryPercentile(percent, direction) }
      return max(
        boundaryPercentile(percent, .predictionToTruth), boundaryPercentile(percent, .truthToPrediction))
    }
  }

  private var diagonal: Double {
    options.distance.length(zip(truth.shape, options.spacing).map { Double($0 - 1) * $1 })
  }

  private mutating func mean(_ direction: Metric.Direction) -> Double {
    distances(direction).sum
      / Double(direction == .predictionToTruth ? counts.in_second : counts.in_first)
  }

  private mutating func distances(_ direction: Metric.Direction) -> DirectedDistances {
    if let known = foreground[direction] { return known }
    let result =
      direction == .predictionToTruth
      ? DirectedDistances(
        from: onlyPrediction, to: truth, spacing: options.spacing, distance: options.distance)
      : DirectedDistances(
        from: onlyTruth, to: prediction, spacing: options.spacing, distance: options.distance)
    foreground[direction] = result
    return result
  }

  private mutating func boundaryPercentile(_ percent: Double, _ direction: Metric.Direction) -> Double {
    let both = boundaries ?? (truth.boundary, prediction.boundary)
    boundaries = both
    if betweenBoundaries[direction] == nil {
      let (counts, onlyTruth, onlyPrediction) = Mask.compare(both.truth, both.prediction)
      let toTruth = direction == .predictionToTruth
      let distances = DirectedDistances(
        from: toTruth ? onlyPrediction : onlyTruth, to: toTruth ? both.truth : both.prediction,
        spacing: options.spacing, distance: options.distance, keepingValues: true)
      betweenBoundaries[direction] = (distances, Int(counts.in_both))
    }
    let known = betweenBoundaries[direction]
    return percentile(percent, of: known?.distances.values ?? [], zeros: known?.zeros ?? 0)
  }
}

extension Mask {
  /// Counts what two masks of one shape have, and what only the one and only the other has.
  static func compare(_ first: Mask, _ second: Mask) -> (ck_counts, onlyFirst: Mask, onlySecond: Mask) {
    var (onlyFirst, onlySecond) = (first, second)
    let count = first.words.count
    var counts = ck_counts()
    onlyFirst.words = [UInt64](unsafeUninitializedCapacity: count) { ones, initializedOnes in
      onlySecond.words = [UInt64](unsafeUninitializedCapacity: count) { others, initializedOthers in
        counts = ck_compare(
          Kernels.variant, first.words, second.words, Int64(count), ones.baseAddress, others.baseAddress)
        initializedOthers = count
      }
      initializedOnes = count
    }
    return (counts, onlyFirst, onlySecond)
  }
}
