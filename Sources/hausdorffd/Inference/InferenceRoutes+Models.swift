import HTTPServer
import Training
import UNet

// Which model a request means, and what answers for it.
extension InferenceRoutes {
  /// The model that a path names, as far as that can be told from a head, whose path may have escapes.
  static func model(_ head: RequestHead) -> InferenceModel? { InferenceModel(name: modelName(head)) }

  /// The model's name in a path, escapes and all.
  static func modelName(_ head: RequestHead) -> String {
    head.path.split(separator: "/", omittingEmptySubsequences: false).dropFirst(3).first.map(String.init)
      ?? ""
  }

  /// The model that a path names; whether a job has one is not looked at.
  static func model(_ request: Request) throws(Problem) -> InferenceModel {
    let name = request.pathParameters["model"]
    guard let model = InferenceModel(name: name) else { throw InferenceModel.unknown(name) }
    let version = request.pathParameters.value(of: "version")
    guard version == nil || version == InferenceModel.version else {
      throw InferenceModel.unknown(name, version: version)
    }
    return model
  }

  /// Where the model of a job is.
  static func path(ofJob id: String, _ request: Request, _ context: JobContext) throws(Problem) -> String {
    let unknown = InferenceModel.unknown(InferenceModel.job(id).name)
    let job: Job
    do throws(Problem) { job = try context.job(request, id: id) } catch {
      throw error.status == 404 ? unknown : error
    }
    guard let path = context.folder.model(of: job) else { throw unknown }
    return path
  }

  func whereItExists(
    _ request: Request, _ response: @escaping @Sendable (InferenceModel) -> Response
  ) throws(Problem) -> Answer {
    let model = try Self.model(request)
    guard case .job(let id) = model else { return .now(response(model)) }
    try request.visitor?.require([.train, .read])
    return predictor.context.answer { () throws(Problem) in
      _ = try Self.path(ofJob: id, request, predictor.context)
      return response(model)
    }
  }

  func describe(
    _ request: Request, _ part: @escaping @Sendable (ModelDescription) -> Response
  ) throws(Problem) -> Answer {
    let model = try Self.model(request)
    if let signature = model.signature {
      return .now(part(ModelDescription(name: model.name, signature: signature)))
    }
    guard case .job(let id) = model else { preconditionFailure("only a job's model has to be looked into") }
    try request.visitor?.require([.train, .read])
    let deadline = ContinuousClock.now + predictor.context.pool.limits.deadline
    return .later { responder in
      predictor.models.submit {
        do throws(Problem) {
          if let problem = responder.reasonToStop(deadline) { throw problem }
          let entry = try predictor.entry(Self.path(ofJob: id, request, predictor.context))
          let signature = InferenceModel.signature(of: entry.predictor.architecture)
          responder.respond(part(ModelDescription(name: model.name, signature: signature)))
        } catch {
          responder.respond(error)
        }
      }
    }
  }
}
