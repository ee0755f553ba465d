/// How pairs are scored.
public struct ScoreOptions: Sendable {
  /// What is computed, in this order.
  public var metrics: [Metric]
  /// Between two points.
  public var distance: Distance
  /// Size of a point along each axis of space, in the unit that distances are wanted in; positive and finite.
  public var spacing: [Double]
  /// What a pair scores of which a mask has no foreground.
  public var empty: EmptyPolicy
  /// How far boundaries may be apart for `surface_dice`, in the unit of the spacing; not negative.
  public var tolerance: Double
  /// Conventions whose metrics are left out: their values are nil.
  public var omitted: Set<Convention> = []

  /// Options for masks of as many axes as `spacing` has numbers.
  public init(
    metrics: [Metric] = [.averageHausdorff], distance: Distance = .euclidean, spacing: [Double],
    empty: EmptyPolicy = .zero, tolerance: Double = 1
  ) {
    (self.metrics, self.distance, self.spacing) = (metrics, distance, spacing)
    (self.empty, self.tolerance) = (empty, tolerance)
  }
}

/// The metrics of one pair of masks.
public struct Score: Sendable, Equatable {
  /// One value a metric, in the order asked for; nil where the empty policy leaves the pair out, and where its convention
  /// is left out.
  public let values: [Double?]
  /// Which mask was empty, if one was.
  public let empty: EmptySide?

  /// Calls a closure with 0..<count, on several threads perhaps, and returns behind the last call.
  public typealias Perform = @Sendable (_ count: Int, _ each: @escaping @Sendable (Int) -> Void) -> Void

  /// One after another.
  public static let inTurn: Perform = { count, each in for number in 0..<count { each(number) } }

  /// Scores a predicted mask against the true one.
  ///
  /// Exact, by the definition of each metric's convention; time is linear in the grid's points, but for sorting the
  /// boundary's corners where the convention is `surface-distance`. Distances are in the unit of the spacing.
  ///
  /// - Parameters:
  ///   - grid: the extents of the whole grid, where the masks are a part of it that has all foreground.
  ///   - perform: works on what is large in parts; values do not depend on it.
  /// - Precondition: the masks have the same shape, and `options.spacing` one entry for each of its axes; conventions other
  ///   than `modified` and `monai` measure euclidean distances.
  /// - Throws: `MaskError.outOfMemory`.
  public init(
    truth: Mask, prediction: Mask, options: ScoreOptions, grid: [Int]? = nil,
    perform: @escaping Perform = Score.inTurn
  ) throws(MaskError) {
    precondition(truth.shape == prediction.shape && options.spacing.count == truth.shape.count)
    var pair = try ScoredPair(truth: truth, prediction: prediction, options: options, perform: perform)
    empty = pair.empty
    if let empty {
      let extents = grid ?? truth.shape
      let diagonal = options.distance.length(zip(extents, options.spacing).map { Double($0 - 1) * $1 })
      values = options.metrics.map {
        options.omitted.contains($0.convention)
          ? nil : options.empty.value(of: $0, empty: empty, diagonal: diagonal)
      }
      return
    }
    var values: [Double?] = []
    for metric in options.metrics {
      values.append(options.omitted.contains(metric.convention) ? nil : try pair.value(of: metric))
    }
    self.values = values
  }
}
