/// What the metrics of two masks share, each made when one first asks. Not copied on the way: that takes as long as a small
/// pair of masks.
struct ScoredPair: ~Copyable {
  /// Which mask has no foreground; nothing can be asked then.
  let empty: EmptySide?

  private let truth, prediction: Mask
  private let options: ScoreOptions
  private let perform: Score.Perform
  private let foreground: MaskPair
  private var foregroundDistances = BothDirections<DirectedDistances>()
  private var boundaryDistances = BothDirections<DirectedDistances>()
  private var boundaryDistributions = BothDirections<Distribution>()
  private var boundary: MaskPair?
  private var surface: Surfaces?

  init(
    truth: Mask, prediction: Mask, options: ScoreOptions, perform: @escaping Score.Perform
  ) throws(MaskError) {
    (self.truth, self.prediction, self.options, self.perform) = (truth, prediction, options, perform)
    foreground = try MaskPair(truth, prediction, spacing: options.spacing, distance: options.distance)
    empty = EmptySide(
      truthIsEmpty: foreground.countOfFirst == 0, predictionIsEmpty: foreground.countOfSecond == 0)
  }

  /// - Precondition: neither mask is empty.
  mutating func value(of metric: Metric) throws(MaskError) -> Double {
    let both = Double(foreground.countOfBoth)
    let sum = Double(foreground.countOfFirst + foreground.countOfSecond)
    switch (metric.kind, metric.convention) {
    case (.dice, _): return 2 * both / sum
    case (.iou, _): return both / (sum - both)
    case (_, .surfaceDistance): return try surfaces().value(of: metric, tolerance: options.tolerance)
    case (.averageHausdorff, let convention):
      let means = try directions(metric) { (pair, direction) throws(MaskError) in
        try pair.mean(of: direction)
      }
      return convention == .scikitImage ? means.max()! : means.reduce(0, +) / Double(means.count)
    case (.balancedAverageHausdorff, _):
      let sums = try directions(metric) { (pair, direction) throws(MaskError) in
        try pair.foregroundDistances(direction).sum
      }
      return sums.reduce(0, +) / Double(2 * foreground.countOfFirst)
    case (.hausdorff, .modified), (.hausdorff, .itk), (.hausdorff, .scikitImage):
      return try directions(metric) { (pair, direction) throws(MaskError) in
        try pair.foregroundDistances(direction).maximum
      }.max()!
    case (.hausdorff, _):
      return try boundaries(metric).map(\.maximum).max()!
    case (.hausdorffPercentile(let percent), .medpy):
      var both = Distribution(try boundaries(metric))
      return percentile(percent, of: &both)
    case (.hausdorffPercentile(0), .monai):
      // MONAI takes 0 for no percentile at all.
      return try boundaries(metric).map(\.maximum).max()!
    case (.hausdorffPercentile(let percent), .monai):
      return try boundaryPercentiles(metric) { singlePercentile(percent, of: &$0) }.max()!
    case (.hausdorffPercentile(let percent), _):
      return try boundaryPercentiles(metric) { percentile(percent, of: &$0) }.max()!
    case (.averageSurfaceDistance, _):
      let sides = try boundaries(metric)
      return sides.reduce(0) { $0 + $1.sum } / Double(sides.reduce(0) { $0 + $1.count })
    case (.meanAverageSurfaceDistance, _):
      let sides = try boundaries(metric)
      return sides.reduce(0) { $0 + $1.sum / Double($1.count) } / Double(sides.count)
    case (.surfaceDice, let convention):
      let sides = try boundaries(metric)
      // MONAI compares in float32.
      let isSingle = convention == .monai
      let tolerance = options.tolerance
      let near = sides.reduce(0) { near, side in
        near + side.zeros
          + side.values.count { isSingle ? Float($0) <= Float(tolerance) : $0 <= tolerance }
      }
      return Double(near) / Double(sides.reduce(0) { $0 + $1.count })
    }
  }

  /// What `value` says of the directions that a metric asks for.
  private mutating func directions(
    _ metric: Metric, _ value: (inout ScoredPair, Metric.Direction) throws(MaskError) -> Double
  ) throws(MaskError) -> [Double] {
    if let direction = metric.direction { return [try value(&self, direction)] }
    return [try value(&self, .predictionToTruth), try value(&self, .truthToPrediction)]
  }

  private mutating func mean(of direction: Metric.Direction) throws(MaskError) -> Double {
    try foregroundDistances(direction).sum
      / Double(direction == .predictionToTruth ? foreground.countOfSecond : foreground.countOfFirst)
  }

  private mutating func foregroundDistances(_ direction: Metric.Direction) throws(MaskError)
    -> DirectedDistances
  {
    try foregroundDistances.distances(direction, of: foreground, keeping: .none, perform)
  }

  /// The boundaries' distances, of the directions that a metric asks for.
  private mutating func boundaries(_ metric: Metric) throws(MaskError) -> [DirectedDistances] {
    let pair: MaskPair
    if let boundary {
      pair = boundary
    } else {
      let boundaries = Score.both(points: truth.rows * truth.columns, perform: perform) {
        [truth, prediction] number in (number == 0 ? truth : prediction).boundary
      }
      pair = try MaskPair(
        boundaries.0, boundaries.1, spacing: options.spacing, distance: options.distance)
      boundary = pair
    }
    let directions = metric.direction.map { [$0] } ?? Metric.Direction.allCases
    return try directions.map { (direction) throws(MaskError) in
      try boundaryDistances.distances(direction, of: pair, keeping: .values, perform)
    }
  }

  /// What `value` says of the boundaries' distances, of the directions that a metric asks for.
  private mutating func boundaryPercentiles(
    _ metric: Metric, _ value: (inout Distribution) -> Double
  ) throws(MaskError) -> [Double] {
    let sides = try boundaries(metric)
    let directions = metric.direction.map { [$0] } ?? Metric.Direction.allCases
    return zip(directions, sides).map { direction, side in
      var distribution = boundaryDistributions[direction] ?? Distribution([side])
      defer { boundaryDistributions[direction] = distribution }
      return value(&distribution)
    }
  }

  private mutating func surfaces() throws(MaskError) -> Surfaces {
    if let surface { return surface }
    let made = try Surfaces(truth: truth, prediction: prediction, spacing: options.spacing, perform: perform)
    surface = made
    return made
  }
}

/// Something for either direction, once it is known.
struct BothDirections<Value> {
  private var predictionToTruth, truthToPrediction: Value?

  subscript(direction: Metric.Direction) -> Value? {
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

extension BothDirections<DirectedDistances> {
  /// Those of a pair in one direction, measured where they are not known.
  fileprivate mutating func distances(
    _ direction: Metric.Direction, of pair: MaskPair, keeping detail: MaskPair.Detail,
    _ perform: @escaping Score.Perform
  ) throws(MaskError) -> DirectedDistances {
    if let known = self[direction] { return known }
    let distances = try pair.distances(
      toFirst: direction == .predictionToTruth, keeping: detail, perform: perform)
    self[direction] = distances
    return distances
  }
}
