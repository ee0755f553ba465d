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
  /// - Throws: `MaskError.outOfMemory`.
  public init(truth: Mask, prediction: Mask, options: ScoreOptions) throws(MaskError) {
    precondition(truth.shape == prediction.shape && options.spacing.count == truth.shape.count)
    var pair = try Pair(truth: truth, prediction: prediction, options: options)
    empty = pair.empty
    var values: [Double?] = []
    for metric in options.metrics { values.append(try pair.value(of: metric)) }
    self.values = values
  }
}

/// What several metrics of one pair share, made when a metric first asks.
private struct Pair {
  let truth, prediction: Mask
  let options: ScoreOptions
  let foreground: MaskPair
  let empty: EmptySide?

  private var foregroundDistances = BothDirections()
  private var boundary: MaskPair?
  private var boundaryDistances = BothDirections()

  init(truth: Mask, prediction: Mask, options: ScoreOptions) throws(MaskError) {
    (self.truth, self.prediction, self.options) = (truth, prediction, options)
    foreground = try MaskPair(truth, prediction, spacing: options.spacing, distance: options.distance)
    empty = EmptySide(
      truthIsEmpty: foreground.countOfFirst == 0, predictionIsEmpty: foreground.countOfSecond == 0)
  }

  mutating func value(of metric: Metric) throws(MaskError) -> Double? {
    if let empty {
      return options.empty.value(of: metric, empty: empty, diagonal: diagonal)
    }
    let both = Double(foreground.countOfBoth)
    let sum = Double(foreground.countOfFirst + foreground.countOfSecond)
    switch metric.kind {
    case .dice: return 2 * both / sum
    case .iou: return both / (sum - both)
    case .averageHausdorff:
      if let direction = metric.direction { return try mean(direction) }
      return try (mean(.predictionToTruth) + mean(.truthToPrediction)) / 2
    case .hausdorff:
      if let direction = metric.direction { return try distances(direction).maximum }
      return try max(distances(.predictionToTruth).maximum, distances(.truthToPrediction).maximum)
    case .hausdorffPercentile(let percent):
      if let direction = metric.direction { return try boundaryPercentile(percent, direction) }
      return try max(
        boundaryPercentile(percent, .predictionToTruth), boundaryPercentile(percent, .truthToPrediction))
    }
  }

  private var diagonal: Double {
    options.distance.length(zip(truth.shape, options.spacing).map { Double($0 - 1) * $1 })
  }

  private mutating func mean(_ direction: Metric.Direction) throws(MaskError) -> Double {
    try distances(direction).sum
      / Double(direction == .predictionToTruth ? foreground.countOfSecond : foreground.countOfFirst)
  }

  private mutating func distances(_ direction: Metric.Direction) throws(MaskError) -> DirectedDistances {
    if let known = foregroundDistances[direction] { return known }
    let result = try foreground.distances(toFirst: direction == .predictionToTruth)
    foregroundDistances[direction] = result
    return result
  }

  private mutating func boundaryPercentile(_ percent: Double, _ direction: Metric.Direction) throws(MaskError)
    -> Double
  {
    let pair: MaskPair
    if let boundary {
      pair = boundary
    } else {
      pair = try MaskPair(
        truth.boundary, prediction.boundary, spacing: options.spacing, distance: options.distance)
      boundary = pair
    }
    let distances: DirectedDistances
    if let known = boundaryDistances[direction] {
      distances = known
    } else {
      distances = try pair.distances(toFirst: direction == .predictionToTruth, keepingValues: true)
      boundaryDistances[direction] = distances
    }
    return percentile(percent, of: distances.values, zeros: pair.countOfBoth)
  }
}

/// The distances of either direction, once they are known.
private struct BothDirections {
  private var predictionToTruth, truthToPrediction: DirectedDistances?

  subscript(direction: Metric.Direction) -> DirectedDistances? {
    get { direction == .predictionToTruth ? predictionToTruth : truthToPrediction }
    set {
      if direction == .predictionToTruth {
        predictionToTruth = newValue
      } else {
        truthToPrediction = newValue
      }
    }
  }
}
