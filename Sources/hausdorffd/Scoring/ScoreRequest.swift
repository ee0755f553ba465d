import HTTPServer
import Hausdorff
import MaskFormats

/// Where the two arrays of a request are, for messages.
enum ArrayName: String, CaseIterable {
  case truth = "y_true"
  case prediction = "y_pred"

  func location(json: Bool) -> Problem.FieldError.Location {
    json ? .pointer("/" + rawValue) : .parameter(rawValue)
  }
}

/// Two arrays and how to score them, checked against each other.
struct ScoreRequest: Sendable {
  static let options = [
    "metrics", "distance", "threshold", "spacing", "empty", "reduction", "convention", "layout",
  ]
  static let maximumMetrics = 64
  /// Most values in a reply: items times metrics.
  static let maximumValues = 1 << 16

  let truth, prediction: NumericArray
  let batch: Int
  /// Extents of one item: `[H, W]` or `[D, H, W]`.
  let space: [Int]
  let threshold: Double
  let reduction: Reduction
  let scoring: ScoreOptions
  /// Whether the arrays are named in messages by JSON pointers.
  let isJSON: Bool

  /// Checks arrays and options; takes every option out of `options` and refuses what is left.
  init(
    truth: NumericArray, prediction: NumericArray, options: OptionList, isJSON: Bool,
    alsoKnown: [String] = []
  ) throws(RequestError) {
    var options = options
    let predictionLocation = ArrayName.prediction.location(json: isJSON)
    guard truth.shape == prediction.shape else {
      throw RequestError(
        predictionLocation, "has shape \(prediction.shape), but y_true has shape \(truth.shape)")
    }
    (self.truth, self.prediction, self.isJSON) = (truth, prediction, isJSON)
    (batch, space) = try ScoreRequest.layOut(truth.shape, options.take("layout"), predictionLocation)

    let metrics = try ScoreRequest.metrics(options.take("metrics"))
    guard batch <= ScoreRequest.maximumValues / metrics.count else {
      throw RequestError(
        predictionLocation,
        "holds \(batch) items; with \(metrics.count) metrics at most \(ScoreRequest.maximumValues / metrics.count) can be scored at once"
      )
    }
    threshold = try options.take("threshold")?.number() ?? 0.5
    reduction = try options.take("reduction")?.choice(Reduction.self) ?? .mean
    if let convention = options.take("convention"), try convention.string() != "modified" {
      throw RequestError(convention.location, "'modified' is the only convention there is")
    }
    scoring = ScoreOptions(
      metrics: metrics,
      distance: try options.take("distance")?.choice(Distance.self) ?? .euclidean,
      spacing: try ScoreRequest.spacing(options.take("spacing"), space: space),
      empty: try options.take("empty")?.choice(EmptyPolicy.self) ?? .zero)
    try options.refuseRest(known: alsoKnown + ScoreRequest.options)
  }

  private static func layOut(
    _ shape: [Int], _ option: OptionList.Entry?, _ arrays: Problem.FieldError.Location
  ) throws(RequestError) -> (batch: Int, space: [Int]) {
    let layout: Layout
    if let option {
      let name = try option.string()
      guard let named = Layout(name: name) else {
        throw RequestError(
          option.location, "'\(name.prefix(40))' is not one of \(Layout.names.joined(separator: ", "))")
      }
      layout = named
    } else {
      guard let usual = Layout(rank: shape.count) else {
        throw RequestError(
          arrays,
          "has \(shape.count) axes: say by layout what they are (one of \(Layout.names.joined(separator: ", ")))"
        )
      }
      layout = usual
    }
    guard let (batch, space, channels) = layout.split(shape) else {
      throw RequestError(
        option?.location ?? arrays,
        "layout \(layout.name) has \(layout.name.count) axes, the arrays have shape \(shape)")
    }
    guard channels == 1 else {
      throw RequestError(
        arrays,
        "has \(channels) channels by layout \(layout.name): several channels are not scored; say layout=DHW or BDHW for volumes"
      )
    }
    guard space.allSatisfy({ $0 <= Mask.maximumExtent }),
      space.count(where: { $0 > Mask.maximumShortExtent }) <= 1
    else {
      throw RequestError(
        arrays,
        "has shape \(shape): an axis of space may have \(Mask.maximumExtent) points at most, and only one more than \(Mask.maximumShortExtent)"
      )
    }
    return (batch, space)
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
      guard metrics.count <= maximumMetrics else {
        throw RequestError(option.location, "has more than \(maximumMetrics) names")
      }
    }
    guard !metrics.isEmpty else { throw RequestError(option.location, "is empty") }
    return metrics
  }

  private static func spacing(_ option: OptionList.Entry?, space: [Int]) throws(RequestError) -> [Double] {
    guard let option else { return space.map { _ in 1 } }
    let spacing = try option.numbers()
    guard spacing.count == space.count else {
      throw RequestError(
        option.location, "has \(spacing.count) numbers; the masks have \(space.count) axes of space")
    }
    // Squares and sums of distances must stay finite and must not vanish.
    guard spacing.allSatisfy({ (1e-100...1e100).contains($0) }) else {
      throw RequestError(option.location, "must be positive numbers, from 1e-100 to 1e100")
    }
    return spacing
  }

  /// Whether scoring takes some tens of microseconds: at most one pair of 256×256 for one metric.
  ///
  /// An item costs as much as a few thousand points by itself; volumes, thin strips and unequal spacing cost several times more a point.
  var isQuick: Bool {
    let isPlain = space.count == 2 && space[1] >= 32 && scoring.spacing[0] == scoring.spacing[1]
    let points = space.reduce(1, *) * (isPlain ? 1 : 8) + 4096
    return points <= 80_000 / scoring.metrics.count / batch
  }

  /// Scores one item of the batch.
  func score(item: Int) throws(RequestError) -> Score {
    let truth = try mask(item, of: truth, .truth)
    let prediction = try mask(item, of: prediction, .prediction)
    do throws(MaskError) {
      return try Score(truth: truth, prediction: prediction, options: scoring)
    } catch {
      throw refusal(error, item, .prediction)
    }
  }

  private func refusal(_ error: MaskError, _ item: Int, _ name: ArrayName) -> RequestError {
    switch error {
    case .notFinite(let index):
      let place = (batch > 1 ? [item] : []) + index
      return RequestError(
        name.location(json: isJSON), "holds a value at index \(place) that is NaN or infinite")
    case .outOfMemory:
      return RequestError(
        name.location(json: isJSON), "item \(item) needs more memory than there is now", status: 503)
    }
  }

  private func mask(_ item: Int, of array: NumericArray, _ name: ArrayName) throws(RequestError) -> Mask {
    let stride = space.reduce(1, *) * array.type.byteCount
    let result = array.withBytes { bytes in
      Result { () throws(MaskError) in
        try Mask(
          shape: space, elements: bytes.extracting(item * stride..<(item + 1) * stride), type: array.type,
          threshold: threshold)
      }
    }
    switch result {
    case .success(let mask): return mask
    case .failure(let error): throw refusal(error, item, name)
    }
  }
}
