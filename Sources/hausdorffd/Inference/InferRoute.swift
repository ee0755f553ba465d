import HTTPServer
import MaskFormats
import UNet

/// `POST /v2/models/{model}/infer`, with a version or without.
struct InferRoute: Sendable {
  let pool: ScoringPool
  let limits: FormatLimits
  let predictor: JobPredictor
  let statistics: InferenceStatistics

  var routes: [Route] {
    InferenceRoutes.paths.map { path in
      Route(
        .post, path + "/infer", consumes: [Route.anyType], codings: Request.codings, produces: [],
        admit: { head throws(Problem) in try admit(head) },
        handle: { request throws(Problem) in try answer(request) })
    }
  }

  /// Refuses names of no model before the body is read; what a name with escapes means is seen later.
  private func admit(_ head: RequestHead) throws(Problem) -> (any Admission)? {
    let name = InferenceRoutes.modelName(head)
    switch InferenceModel(name: name) {
    case nil where !name.contains("%"): throw InferenceModel.unknown(name)
    case .job: return try predictor.context.pool.admit()
    default: return try pool.admit()
    }
  }

  private func answer(_ request: Request) throws(Problem) -> Answer {
    let model = try InferenceRoutes.model(request)
    let isJob = if case .job = model { true } else { false }
    try request.visitor?.require([isJob ? .train : .score])
    var timing = InferenceTiming()
    let known: PairInference?
    do throws(Problem) {
      known = try readAtOnce(request, model)
      if known != nil { timing.note(.input) }
      if let known, known.isQuick {
        let reply = try known.replyAtOnce()
        timing.note(.inference)
        return .now(try finish(reply, request, model, &timing))
      }
    } catch {
      statistics.failed(model, timing)
      throw error
    }
    return later(request, model, known, timing)
  }

  /// Answers from another thread, and counts what came of it.
  private func later(
    _ request: Request, _ model: InferenceModel, _ known: PairInference?, _ timing: InferenceTiming
  ) -> Answer {
    let deadline = ContinuousClock.now + pool.limits.deadline
    return .later { responder in
      let work: @Sendable () -> Void = {
        var timing = timing
        timing.note(.queue)
        do throws(Problem) {
          responder.respond(
            try answer(request, model, known, &timing) { responder.reasonToStop(deadline) })
        } catch {
          // A job that has no model is no model.
          if error.status != 404 { statistics.failed(model, timing) }
          responder.respond(error)
        }
      }
      if case .job = model { predictor.models.submit(work) } else { pool.submit(work) }
    }
  }

  private func answer(
    _ request: Request, _ model: InferenceModel, _ known: PairInference?, _ timing: inout InferenceTiming,
    reasonToStop: @escaping @Sendable () -> Problem?
  ) throws(Problem) -> Response {
    if let problem = reasonToStop() { throw problem }
    if case .job(let id) = model { return try predict(request, model, id, &timing) }
    return try infer(request, model, known, &timing, reasonToStop)
  }

  /// The request, where reading it takes next to no time.
  private func readAtOnce(_ request: Request, _ model: InferenceModel) throws(Problem) -> PairInference? {
    guard case .metric = model, request.head.contentCoding == nil else { return nil }
    let textCount = try InferenceBody.textCount(request.head)
    guard textCount ?? request.body.count <= ScoreRoute.smallBytes else { return nil }
    return try PairInference(model, request, textCount: textCount, limits, pool)
  }

  /// Answers for a metric or a loss, on a worker.
  private func infer(
    _ request: Request, _ model: InferenceModel, _ known: PairInference?, _ timing: inout InferenceTiming,
    _ reasonToStop: @escaping @Sendable () -> Problem?
  ) throws(Problem) -> Response {
    let inference: PairInference
    if let known {
      inference = known
    } else {
      let textCount = try InferenceBody.textCount(request.head)
      inference = try PairInference(
        model, request.unpacked(limits), textCount: textCount, limits, pool)
      timing.note(.input)
    }
    let reply = try inference.reply(to: request, on: pool, reasonToStop: reasonToStop)
    timing.note(.inference)
    return try finish(reply, request, model, &timing)
  }

  /// Answers for a job's model, on the thread of the models.
  private func predict(
    _ request: Request, _ model: InferenceModel, _ id: String, _ timing: inout InferenceTiming
  ) throws(Problem) -> Response {
    let path = try InferenceRoutes.path(ofJob: id, request, predictor.context)
    let entry = try predictor.entry(path)
    let image = try ImageInference(
      model, request.unpacked(predictor.context.limits), textCount: InferenceBody.textCount(request.head),
      channels: entry.predictor.architecture.inChannels, size: entry.preprocessing.inputSize,
      predictor.context)
    timing.note(.input)
    let reply = try image.reply(to: request, by: path, predictor)
    timing.note(.inference)
    return try finish(reply, request, model, &timing)
  }

  private func finish(
    _ reply: InferenceReply, _ request: Request, _ model: InferenceModel, _ timing: inout InferenceTiming
  ) throws(Problem) -> Response {
    let response = try reply.response(Compressed.Encoding(wantedBy: request.head))
    timing.note(.output)
    statistics.succeeded(model, timing)
    return response
  }
}
