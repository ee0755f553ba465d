import HTTPServer
import Hausdorff
import MaskFormats

/// An inference by a metric or a loss: a pair of arrays, checked.
struct PairInference: Sendable {
  private enum Work: Sendable {
    case score(ScoreSheet)
    case loss(LossRequest)
  }

  private let work: Work
  private let id: String?
  private let wanted: [InferenceBody.Wanted]
  private let model: InferenceModel

  /// What a metric takes as parameters: the options of a score, but the metric is the model.
  private static let scoreOptions = ScoreSettings.options.filter { !["metrics", "slice"].contains($0) }
  /// Likewise for a loss, whose own options are parameters as well.
  private static let lossOptions = LossRequest.options.filter { $0 != "losses" } + NamedLoss.options

  /// Reads the body of a request; counts what is decoded among the bytes of requests.
  init(
    _ model: InferenceModel, _ request: Request, textCount: Int?, _ limits: FormatLimits, _ pool: ScoringPool
  ) throws(Problem) {
    guard textCount != 0 else {
      throw Problem(
        RequestError(
          .parameter("Inference-Header-Content-Length"),
          "0 says that the body is one tensor, but the model has two inputs", status: 400))
    }
    let body = try InferenceBody(request, textCount: textCount, limits)
    if body.decodedBytes > 0 { try request.reserve(body.decodedBytes) }
    (self.model, id) = (model, body.id)
    (work, wanted) = try Problem.from { () throws(RequestError) in
      let arrays = try body.arrays(ArrayName.allCases.map(\.rawValue))
      if case .loss(let name) = model {
        let options = try body.options(known: Self.lossOptions)
        let (loss, names) = try Self.loss(name, arrays, options, body)
        return (.loss(loss), try body.wanted(of: names))
      }
      let options = try body.options(known: Self.scoreOptions)
      let score = try Self.score(model.name, arrays, options)
      return (.score(ScoreSheet(score)), try body.wanted(of: [InferenceModel.lossName]))
    }
  }

  private static func score(
    _ name: String, _ arrays: [NumericArray], _ options: OptionList
  ) throws(RequestError) -> ScoreRequest {
    if let convention = options["convention"], try convention.string() == "all" {
      throw RequestError(convention.location, "'all' has several answers; a model has one")
    }
    var options = options
    options.add("metrics", name)
    return try ScoreRequest(
      ArrayPair(truth: arrays[0], prediction: arrays[1], options: options, isJSON: false))
  }

  /// The loss, and which tensors its answer may have.
  private static func loss(
    _ name: String, _ arrays: [NumericArray], _ options: OptionList, _ body: InferenceBody
  ) throws(RequestError) -> (LossRequest, names: [String]) {
    var options = options
    let own = options.takeAll(NamedLoss.options)
    let term = LossTerm(
      try NamedLoss(name: name, .pointer(InferenceBody.pointer), own).kind)
    let gradient = options.take("gradient")
    let isAsked = body.asks(for: InferenceModel.gradientName)
    let wantsGradient = try gradient?.boolean() ?? isAsked ?? term.isDifferentiable
    if let gradient, isAsked == true, !wantsGradient {
      throw RequestError(gradient.location, "is false, but outputs has '\(InferenceModel.gradientName)'")
    }
    if wantsGradient, !term.isDifferentiable {
      throw RequestError(.pointer("\(InferenceBody.pointer)/binarize"), "leaves \(name) without a gradient")
    }
    options.add("gradient", "\(wantsGradient && isAsked != false)")
    let request = try LossRequest(
      ArrayPair(truth: arrays[0], prediction: arrays[1], options: options, isJSON: false), wantsBytes: false,
      term: term)
    let hasGradient = wantsGradient || isAsked != nil
    return (request, [InferenceModel.lossName] + (hasGradient ? [InferenceModel.gradientName] : []))
  }

  /// Whether it is sooner answered than handed to a worker.
  var isQuick: Bool { if case .score(let sheet) = work { sheet.isQuick } else { false } }

  /// Answers what is quick, here and now.
  func replyAtOnce() throws(Problem) -> InferenceReply {
    guard case .score(let sheet) = work else { preconditionFailure("only what is quick is answered at once") }
    return reply(try sheet.replyAtOnce())
  }

  /// Answers on a worker.
  func reply(
    to request: Request, on pool: ScoringPool, reasonToStop: @escaping @Sendable () -> Problem?
  ) throws(Problem) -> InferenceReply {
    switch work {
    case .score(let sheet):
      return reply(
        try sheet.reply(reasonToStop: reasonToStop) { count, each in
          if count == 1 { each(0) } else { pool.perform(count, each) }
        })
    case .loss(let loss):
      let isPacked = Compressed.Encoding(wantedBy: request.head) != nil
      let gradient = wanted.first { $0.name == InferenceModel.gradientName }
      let perValue = gradient.map { InferenceReply.bytes(for: $0, .float32, isPacked: isPacked) } ?? 0
      let reply = try loss.reply(
        to: request, on: pool, answerBytes: perValue * loss.arrays.prediction.shape.reduce(1, *),
        reasonToStop: reasonToStop)
      let values = reply.value.loss.map { [$0] } ?? reply.value.items.map { $0.values[0] }
      return self.reply(values, reply.gradient, loss.arrays.prediction.shape, reply.empties, reply.warnings)
    }
  }

  private func reply(_ reply: ScoreReply) -> InferenceReply {
    let isReduced = reply.settings.reduction != .none
    return self.reply(
      isReduced ? reply.reduced : reply.items.map { $0.score.values[0] }, nil, [], reply.empties,
      reply.warnings)
  }

  /// - Parameter values: the loss, or that of each item; nil where it was left out.
  private func reply(
    _ values: [Double?], _ gradient: Body?, _ shape: [Int], _ empties: EmptyMasks, _ warnings: [String]
  ) -> InferenceReply {
    let outputs = wanted.map { wanted in
      if wanted.name == InferenceModel.gradientName, let gradient {
        return InferenceReply.Output(wanted, shape: shape, .gradient(gradient))
      }
      return InferenceReply.Output(wanted, shape: [values.count], .doubles(values.map { $0 ?? .nan }))
    }
    return InferenceReply(model: model, id: id, outputs: outputs, empties: empties, warnings: warnings)
  }
}
