import HTTPServer
import MaskFormats
import UNet

/// Applies the models of training jobs to images; all of it on the thread of the models.
struct JobPredictor: Sendable {
  let context: JobContext
  let models: ModelCache

  struct Prediction {
    let height, width, classes: Int
    /// (classes, height, width)
    let probabilities: [Float]

    var space: [Int] { [height, width] }
    var shape: [Int] { (classes > 1 ? [classes] : []) + space }
    func labels(threshold: Double) -> [UInt8] {
      Predictor.labels(of: probabilities, classes: classes, threshold: threshold)
    }
  }

  /// The model in a file, ready.
  func entry(_ path: String) throws(Problem) -> ModelCache.Entry {
    try Self.applying { () throws(UNetError) in try models.entry(path) }
  }

  /// What the model in a file makes of an image, which is at `location` of the request.
  ///
  /// - Parameter answerBytes: what the answer takes for each probability, beside a copy.
  func prediction(
    of array: NumericArray, at location: Problem.FieldError.Location, by path: String, _ request: Request,
    answerBytes: Int = 0
  ) throws(Problem) -> Prediction {
    let entry = try entry(path)
    let network = entry.predictor.architecture
    guard let layout = PlanarImage.layout(of: array.shape, channels: network.inChannels) else {
      throw Self.unfit(array, location, channels: network.inChannels)
    }
    let layerBytes = try takeMemory(
      for: entry, height: layout.height, width: layout.width, answerBytes: answerBytes, request)
    // The answer waits for its client, the layers do not.
    defer { request.admission?.release(bytes: layerBytes) }
    guard let image = PlanarImage(array, channels: network.inChannels) else {
      throw Self.unfit(array, location, channels: network.inChannels)
    }
    if let place = image.firstNotFinite {
      throw Problem(RequestError(location, "has a value at \(place) that is not finite"))
    }
    let probabilities = try Self.applying { () throws(UNetError) in
      try entry.predictor.probabilities(
        of: image.values, height: image.height, width: image.width, preprocessing: entry.preprocessing)
    }
    // What is kept between requests is not counted among their bytes.
    if layerBytes > Self.keptBytes { entry.predictor.dropLayers() }
    return Prediction(
      height: image.height, width: image.width, classes: network.classes, probabilities: probabilities)
  }

  private static func applying<Value>(_ body: () throws(UNetError) -> Value) throws(Problem) -> Value {
    do throws(UNetError) { return try body() } catch { throw Problem(error) }
  }

  /// Layers of more bytes are made anew for each image.
  private static let keptBytes = 256 << 20

  private static func unfit(
    _ array: NumericArray, _ location: Problem.FieldError.Location, channels: Int
  ) -> Problem {
    Problem(
      RequestError(
        location,
        "has shape \(array.shape), but the model takes images of \(channels) channel\(channels == 1 ? "" : "s"): \(PlanarImage.shapes(channels: channels))"
      ))
  }

  /// Counts what the layers, and the rest, need among the bytes of requests; those of the layers.
  private func takeMemory(
    for entry: ModelCache.Entry, height: Int, width: Int, answerBytes: Int, _ request: Request
  ) throws(Problem) -> Int {
    let network = entry.predictor.architecture
    var (height, width) = (height, width)
    // The image in float64 and float32, and normalised; probabilities twice, labels and what is answered.
    let around =
      height * width * (16 * network.inChannels + (16 + answerBytes) * network.classes + 8)
    if entry.preprocessing.fit == .resize, let size = entry.preprocessing.inputSize {
      (height, width) = (size[0], size[1])
    }
    let layers = Predictor.workingBytes(of: network, height: height, width: width)
    try request.reserve(around + layers, for: "Predicting \(height)×\(width) pixels")
    return layers
  }
}

extension Problem {
  fileprivate init(_ error: UNetError) {
    self.init(
      status: error.kind == .data ? 422 : 500, detail: "The model cannot be applied: \(error.detail).")
  }
}
