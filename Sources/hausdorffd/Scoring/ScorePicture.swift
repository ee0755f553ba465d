import HTTPServer
import Hausdorff
import MaskFormats

/// A score request whose one pair is drawn.
struct ScorePicture: Sendable {
  static let mediaType = "image/png"

  /// Metrics that are told in the picture.
  private static let maximumMetrics = 8

  /// Of two axes.
  private let request: ScoreRequest
  private let slice: Int?

  /// - Throws: where there is not one pair, or it has no plane to draw.
  init(_ request: ScoreRequest) throws(RequestError) {
    let (arrays, settings) = (request.arrays, request.settings)
    try Self.checkIsOnePair(request)
    let isVolume = arrays.space.count == 3
    if let slice = settings.slice {
      guard isVolume else { throw RequestError(slice.location, "is of a volume; the masks have no axis D") }
      guard (0..<arrays.space[0]).contains(slice.value) else {
        throw RequestError(
          slice.location, "must be 0 to \(arrays.space[0] - 1): axis D has \(arrays.space[0])")
      }
      self.request = try request.slice(slice.value)
    } else {
      guard !isVolume else {
        throw RequestError(
          arrays.optionLocation("slice"),
          "is missing: a picture is of one slice of a volume, 0 to \(arrays.space[0] - 1) along axis D")
      }
      self.request = request
    }
    slice = settings.slice?.value
    guard self.request.arrays.space.allSatisfy({ $0 <= PictureScale.maximumExtent }) else {
      throw RequestError(
        arrays.location(.prediction),
        "has shape \(arrays.prediction.shape): masks of at most \(PictureScale.maximumExtent) points along an axis are drawn"
      )
    }
  }

  private static func checkIsOnePair(_ request: ScoreRequest) throws(RequestError) {
    let (arrays, settings) = (request.arrays, request.settings)
    let rule = "a picture is of one pair of masks"
    if settings.isEveryConvention {
      throw RequestError(arrays.optionLocation("convention"), "cannot be 'all': \(rule)")
    }
    guard arrays.batch == 1 else {
      throw RequestError(arrays.location(.prediction), "is a batch of \(arrays.batch): \(rule)")
    }
    guard arrays.channels == 1 else {
      throw RequestError(arrays.location(.prediction), "has \(arrays.channels) channels: \(rule)")
    }
    if let labels = settings.labels {
      guard case .listed(let listed) = labels.value, listed.count == 1 else {
        throw RequestError(labels.location, "must be one label: \(rule)")
      }
    }
  }

  /// Bytes that drawing takes, about.
  var workingBytes: Int {
    PairPicture.workingBytes(shape: request.arrays.space, spacing: request.scoring.spacing)
  }

  /// Scores and draws the pair.
  ///
  /// - Parameter reasonToStop: tells why the work is no longer wanted; asked before each step.
  func draw(
    reasonToStop: @escaping @Sendable () -> Problem? = { nil }
  ) throws(Problem) -> (png: [UInt8], score: Score) {
    let score = try ScoreSheet(request).reply(reasonToStop: reasonToStop).items[0].score
    let map = try Problem.from { () throws(RequestError) in try self.map() }
    if let reason = reasonToStop() { throw reason }
    let canvas = PairPicture(
      map, spacing: request.scoring.spacing, unitName: request.hasSpacing ? "units" : "px",
      distance: request.settings.distance, captions: captions(score)
    ).canvas
    do throws(FormatError) {
      return (try PNG.encode(rgb: canvas.samples, height: canvas.height, width: canvas.width), score)
    } catch {
      throw Problem(error, at: nil)
    }
  }

  private func map() throws(RequestError) -> DisagreementMap {
    let plan = try request.plan()
    let (truth, prediction) = try plan.wholeMasks(of: plan.items[0])
    do throws(MaskError) {
      return try DisagreementMap(
        truth: truth, prediction: prediction, spacing: request.scoring.spacing,
        distance: request.settings.distance)
    } catch {
      throw request.arrays.outOfMemory(item: 0)
    }
  }

  private func captions(_ score: Score) -> [String] {
    var captions = zip(request.settings.metrics, score.values).prefix(Self.maximumMetrics).map {
      metric, value in
      "\(metric.name) \(PictureNumber.text(value))"
    }
    let more = score.values.count - captions.count
    if more > 0 { captions.append("and \(more) more") }
    let convention = request.settings.conventions[0]
    if convention != .modified { captions.append("convention \(convention.rawValue)") }
    if let slice { captions.insert("slice \(slice)", at: 0) }
    if case .listed(let labels) = request.settings.labels?.value {
      captions.insert("label \(labels[0])", at: 0)
    }
    return captions
  }
}

extension ScoreRequest {
  /// The request for one plane of its volume, without batch and channels, measured along the axes of the plane.
  fileprivate func slice(_ index: Int) throws(RequestError) -> ScoreRequest {
    var settings = settings
    settings.slice = nil
    // It need not be in every slice.
    settings.allowsAbsentLabels = true
    if hasSpacing {
      settings.spacing = .init(
        value: Array(scoring.spacing.dropFirst()), location: arrays.optionLocation("spacing"))
    }
    let shape = Array(arrays.space.dropFirst())
    let count = shape[0] * shape[1]
    return try ScoreRequest(
      ArrayPair(
        truth: arrays.truth.elements(from: index * count, shape: shape),
        prediction: arrays.prediction.elements(from: index * count, shape: shape),
        options: OptionList(json: []), isJSON: arrays.isJSON), settings)
  }
}
