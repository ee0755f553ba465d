import HTTPServer
import Hausdorff
import MaskFormats

/// An inference by the model of a training job: an image, checked.
struct ImageInference {
  private let model: InferenceModel
  private let id: String?
  private let image: NumericArray
  private let wanted: [InferenceBody.Wanted]

  /// Reads the body of a request; counts what is decoded among the bytes of requests.
  ///
  /// - Parameter size: height and width that the model trained on, if it has one.
  init(
    _ model: InferenceModel, _ request: Request, textCount: Int?, channels: Int, size: [Int]?,
    _ context: JobContext
  ) throws(Problem) {
    self.model = model
    guard textCount != 0 else {
      id = nil
      image = try Problem.from { () throws(RequestError) in
        try Self.raw(request, channels: channels, size: size, context.limits)
      }
      wanted = [InferenceBody.Wanted(name: InferenceModel.probabilityName, isBinary: true)]
      return
    }
    let body = try InferenceBody(request, textCount: textCount, context.limits)
    if body.decodedBytes > 0 { try request.reserve(body.decodedBytes) }
    id = body.id
    (image, wanted) = try Problem.from { () throws(RequestError) in
      _ = try body.options(known: [])
      return (
        try body.arrays([InferenceModel.imageName])[0], try body.wanted(of: [InferenceModel.probabilityName])
      )
    }
  }

  /// A body that is the image alone. Its shape and type are in the query; float32 of the size that the model trained on
  /// where they are not.
  private static func raw(
    _ request: Request, channels: Int, size: [Int]?, _ limits: FormatLimits
  ) throws(RequestError) -> NumericArray {
    var options = try OptionList(text: request.head.query.map { ($0.name, $0.value) })
    let name = try options.take("datatype")?.string() ?? ScalarType.float32.tensorName
    guard let type = ScalarType(tensorName: name) else {
      let known = ScalarType.allCases.map(\.tensorName).joined(separator: ", ")
      throw RequestError(.parameter("datatype"), "'\(name.prefix(40))' is not one of \(known)")
    }
    if options["shape"] == nil, let size {
      options.add("shape", (size + (channels > 1 ? [channels] : [])).map(String.init).joined(separator: ","))
    }
    let (shape, option) = try ArrayBody.takeShape(&options)
    try options.refuseRest(known: ["shape", "datatype"])
    do throws(FormatError) {
      return try Raw.array(request.body, shape: shape, type: type, limits: limits)
    } catch {
      throw RequestError(option.location, error.detail, status: error.kind == .tooLarge ? 413 : 422)
    }
  }

  /// Applies the model, on the thread of the models.
  func reply(
    to request: Request, by path: String, _ predictor: JobPredictor
  ) throws(Problem) -> InferenceReply {
    let isPacked = Compressed.Encoding(wantedBy: request.head) != nil
    let prediction = try predictor.prediction(
      of: image, at: .parameter(InferenceModel.imageName), by: path, request,
      answerBytes: wanted.map { InferenceReply.bytes(for: $0, .float32, isPacked: isPacked) }.reduce(0, +))
    let outputs = wanted.map {
      InferenceReply.Output($0, shape: prediction.shape, .floats(prediction.probabilities))
    }
    return InferenceReply(model: model, id: id, outputs: outputs)
  }
}
