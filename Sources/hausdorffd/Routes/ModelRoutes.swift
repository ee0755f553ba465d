import HTTPServer
import Hausdorff
import MaskFormats
import Training
import UNet

/// What comes of a training job: `/v1/training-jobs/{id}/model` and `/predict`.
struct ModelRoutes: Sendable {
  let predictor: JobPredictor
  private var context: JobContext { predictor.context }

  private static let pngType = "image/png"
  private static let npyType = "application/x-npy"
  private static let produces = [ArrayBody.jsonType, pngType, npyType, ArrayBody.rawType]

  var routes: [Route] {
    [
      Route(
        .get, "/v1/training-jobs/{id}/model", produces: [ArrayBody.rawType], admit: admit,
        handle: { request in context.answer { () throws(Problem) in try download(request) } }),
      Route(
        .post, "/v1/training-jobs/{id}/predict", consumes: PredictBody.types, codings: Request.codings,
        produces: Self.produces,
        admit: admit,
        handle: { request in
          let deadline = ContinuousClock.now + context.pool.limits.deadline
          return .later { responder in
            predictor.models.submit {
              if let problem = responder.reasonToStop(deadline) {
                responder.respond(problem)
                return
              }
              do throws(Problem) { responder.respond(try predict(request)) } catch {
                responder.respond(error)
              }
            }
          }
        }),
    ]
  }

  @Sendable private func admit(_ head: RequestHead) throws(Problem) -> (any Admission)? {
    try context.pool.admit()
  }

  private enum Format: String, CaseIterable {
    case safetensors, onnx

    var fileName: String { self == .onnx ? TrainingRun.exportName : TrainingRun.bestName }
  }

  private static func noModel(_ job: Job) -> Problem {
    let reason =
      job.epochs > 0
      ? "its file is gone"
      : job.state.isFinal
        ? "it has \(job.state.rawValue) before its first epoch was done" : "no epoch is done"
    return Problem(status: 409, detail: "The job has no model: \(reason).")
  }

  private func download(_ request: Request) throws(Problem) -> Response {
    let job = try context.job(request)
    let format = try Problem.from { () throws(RequestError) in
      var options = try OptionList(text: request.head.query.map { ($0.name, $0.value) })
      let format = try options.take("format")?.choice(Format.self) ?? .safetensors
      try options.refuseRest(known: ["format"])
      return format
    }
    guard let path = context.folder.model(of: job, format.fileName) else { throw Self.noModel(job) }
    // A running job may put a better model in its place at any moment.
    while true {
      guard let before = ModelCache.Identity(of: path) else { throw Self.noModel(job) }
      let file: OpenFile
      do throws(ServerError) { file = try OpenFile(path: path) } catch { throw Self.noModel(job) }
      guard ModelCache.Identity(of: path) == before else { continue }
      return .file(
        file, for: request.head, etag: before.tag, contentType: ArrayBody.rawType,
        filename: "\(job.name ?? job.id).\(format.rawValue)")
    }
  }

  // MARK: Predict

  private enum Output: String, CaseIterable {
    case probabilities, mask
  }

  /// Runs on the thread of the models.
  private func predict(_ request: Request) throws(Problem) -> Response {
    let job = try context.job(request)
    guard let path = context.folder.model(of: job) else { throw Self.noModel(job) }
    let request = try request.unpacked(context.limits)
    let body = try PredictBody(request, limits: context.limits)
    let type = request.answerType ?? ArrayBody.jsonType
    var options = body.options
    let (wanted, threshold) = try Problem.from { () throws(RequestError) in
      let output = options.take("output")
      let wanted = try output?.choice(Output.self) ?? (type == Self.pngType ? .mask : .probabilities)
      if let output, wanted == .probabilities, type == Self.pngType {
        throw RequestError(output.location, "does not go with a PNG, which is a mask")
      }
      // It stays for the scores.
      let threshold = try options["threshold"]?.number(in: 0...1) ?? 0.5
      if body.truth == nil {
        _ = options.take("threshold")
        try options.refuseRest(known: ["output", "threshold"])
      }
      return (wanted, threshold)
    }
    let prediction = try predictor.prediction(of: body.image, at: body.location("image"), by: path, request)
    let scores = try body.truth.map { (truth) throws(Problem) in
      try self.scores(of: prediction, body, truth, options)
    }
    return try reply(prediction, wanted, threshold, type, scores)
  }

  /// Scores the prediction: of one class its probabilities, of several the labels from 1 on, an item each.
  private func scores(
    of prediction: JobPredictor.Prediction, _ body: PredictBody, _ truth: NumericArray, _ options: OptionList
  ) throws(Problem) -> ScoreReply {
    guard truth.shape == prediction.space else {
      throw Problem(
        RequestError(
          body.location("y_true"),
          "has shape \(truth.shape), but the image is of \(prediction.space)"))
    }
    let predicted: NumericArray
    do throws(FormatError) {
      let array =
        prediction.classes > 1
        ? try NumericArray(prediction.labels(threshold: 0.5), shape: prediction.space)
        : try NumericArray(prediction.probabilities, shape: prediction.space)
      predicted = array.shape == body.image.shape ? array.placed(like: body.image) : array
    } catch {
      throw Problem(error, at: nil)
    }
    var options = options
    if prediction.classes > 1, options["labels"] == nil {
      options.add("labels", (1..<prediction.classes).map(String.init).joined(separator: ","))
      // Not every image has every class.
      if options["empty"] == nil { options.add("empty", EmptyPolicy.zero.rawValue) }
    }
    return try Problem.from { () throws(RequestError) in
      ScoreSheet(
        try ScoreRequest(
          ArrayPair(truth: truth, prediction: predicted, options: options, isJSON: body.isJSON)))
    }.reply()
  }

  private func reply(
    _ prediction: JobPredictor.Prediction, _ wanted: Output, _ threshold: Double, _ type: String,
    _ scores: ScoreReply?
  ) throws(Problem) -> Response {
    var headers: Headers = [:]
    if let loss = scores?.reduced.first ?? nil { headers.append("Loss", JSONWriter.text(loss)) }
    let labels = wanted == .mask ? prediction.labels(threshold: threshold) : []
    func withBytes<Result>(_ body: (RawSpan) -> Result) -> Result {
      wanted == .mask ? body(labels.span.bytes) : body(prediction.probabilities.span.bytes)
    }
    let shape = wanted == .mask ? prediction.space : prediction.shape
    switch type {
    case Self.pngType:
      let grey = prediction.classes > 1 ? labels : labels.map { $0 * 255 }
      do throws(FormatError) {
        let png = try PNG.encode(grey: grey, height: prediction.height, width: prediction.width)
        return Response(contentType: type, headers: headers, content: .bytes(png))
      } catch {
        throw Problem(error, at: nil)
      }
    case Self.npyType:
      let npy =
        wanted == .mask
        ? NPY.encode(labels, shape: shape) : NPY.encode(prediction.probabilities, shape: shape)
      return Response(contentType: type, headers: headers, content: .bytes(npy))
    case ArrayBody.rawType:
      headers.append("Shape", shape.map(String.init).joined(separator: ","))
      headers.append("Dtype", wanted == .mask ? "uint8" : "float32")
      return Response(
        contentType: type, headers: headers, content: .bytes(withBytes { $0.withUnsafeBytes { Array($0) } }))
    default:
      var start = JSONWriter()
      start.object { json in
        json.member("classes", max(2, prediction.classes))
        json.member("scores") { $0.raw(scores.map { String(decoding: $0.json, as: UTF8.self) }) }
        json.member(wanted.rawValue) { json in
          json.object { json in
            json.member("shape") { $0.array(shape) { $0.value($1) } }
            json.member("dtype", wanted == .mask ? "uint8" : "float32")
            json.member("data", "")
          }
        }
      }
      // The bytes come between the last two quotes.
      let end = Array(#""}}"#.utf8)
      guard let body = withBytes({ Body(Array(start.bytes.dropLast(end.count)), base64: $0, end) }) else {
        throw Problem(
          status: 503, detail: "There is no memory for the answer now.", headers: ["Retry-After": "1"])
      }
      return .json(.body(body))
    }
  }
}
