import HTTPServer
import Hausdorff
import MaskFormats

/// Two arrays and how to score them, checked against each other.
struct ScoreRequest: Sendable {
  static let options = [
    "metrics", "distance", "threshold", "spacing", "empty", "reduction", "convention", "layout",
  ]

  let arrays: ArrayPair
  let threshold: Double
  let reduction: Reduction
  let scoring: ScoreOptions

  var batch: Int { arrays.batch }
  var isJSON: Bool { arrays.isJSON }

  /// Checks arrays and options; refuses options that it does not know.
  init(_ arrays: ArrayPair) throws(RequestError) {
    var arrays = arrays
    let location = arrays.location(.prediction)
    guard arrays.truth.shape == arrays.prediction.shape else {
      throw RequestError(
        location, "has shape \(arrays.prediction.shape), but y_true has shape \(arrays.truth.shape)")
    }
    guard arrays.channels == 1 else {
      throw RequestError(
        location,
        "has \(arrays.channels) channels by layout \(arrays.layout.name): several channels are not scored; say layout=DHW or BDHW for volumes"
      )
    }
    let metrics = try ScoreRequest.metrics(arrays.options.take("metrics"))
    guard arrays.batch <= ArrayPair.maximumValues / metrics.count else {
      throw RequestError(
        location,
        "holds \(arrays.batch) items; with \(metrics.count) metrics at most \(ArrayPair.maximumValues / metrics.count) can be scored at once"
      )
    }
    threshold = try arrays.options.take("threshold")?.number() ?? 0.5
    reduction = try arrays.options.take("reduction")?.choice(Reduction.self) ?? .mean
    try arrays.takeConvention()
    scoring = ScoreOptions(
      metrics: metrics,
      distance: try arrays.options.take("distance")?.choice(Distance.self) ?? .euclidean,
      // Squares and sums of distances must stay finite and must not vanish.
      spacing: try arrays.takeSpacing(1e-100...1e100),
      empty: try arrays.options.take("empty")?.choice(EmptyPolicy.self) ?? .zero)
    try arrays.refuseRest(known: ScoreRequest.options)
    self.arrays = arrays
  }

  private static func metrics(_ option: OptionList.Entry?) throws(RequestError) -> [Metric] {
    guard let option else { return [.averageHausdorff] }
    var metrics: [Metric] = []
    for name in try option.strings() {
      guard let metric = Metric(name: name) else {
        throw RequestError(
          option.location, "'\(name.prefix(40))' is not a metric; metrics are \(Metric.names)")
      }
      guard !metrics.contains(metric) else { throw RequestError(option.location, "'\(name)' is given twice") }
      metrics.append(metric)
      guard metrics.count <= ArrayPair.maximumNames else {
        throw RequestError(option.location, "has more than \(ArrayPair.maximumNames) names")
      }
    }
    guard !metrics.isEmpty else { throw RequestError(option.location, "is empty") }
    return metrics
  }

  /// Whether scoring takes some tens of microseconds: at most one pair of 256×256 for one metric.
  ///
  /// An item costs as much as a few thousand points by itself; volumes, thin strips and unequal spacing cost several times more a point.
  var isQuick: Bool {
    let space = arrays.space
    let isPlain = space.count == 2 && space[1] >= 32 && scoring.spacing[0] == scoring.spacing[1]
    let points = arrays.points * (isPlain ? 1 : 8) + 4096
    return points <= 80_000 / scoring.metrics.count / batch
  }

  /// Scores one item of the batch.
  func score(item: Int) throws(RequestError) -> Score {
    let start = item * arrays.points
    let truth = try arrays.mask(.truth, item: item, from: start, threshold: threshold)
    let prediction = try arrays.mask(.prediction, item: item, from: start, threshold: threshold)
    do throws(MaskError) {
      return try Score(truth: truth, prediction: prediction, options: scoring)
    } catch {
      throw arrays.outOfMemory(item: item)
    }
  }
}
