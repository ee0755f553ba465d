import HTTPServer
import Training
import UNet

/// The Open Inference Protocol, version 2, as KServe and Triton speak it: everything below `/v2`.
struct InferenceRoutes: Sendable {
  let readiness: Readiness
  let infer: InferRoute

  private var predictor: JobPredictor { infer.predictor }

  /// A model's path, and that of its version.
  static let paths = ["/v2/models/{model}", "/v2/models/{model}/versions/{version}"]

  /// Jobs that are looked at for their models, where all models are listed.
  private static let maximumJobs = 1000

  var routes: [Route] {
    server + models + infer.routes + Self.unsupported
  }

  private var server: [Route] {
    [
      Route(.get, "/v2", produces: []) { _ in .now(Self.metadata) },
      Route(.get, "/v2/health/live", produces: []) { _ in
        .now(Self.json { $0.member("live") { $0.value(true) } })
      },
      Route(.get, "/v2/health/ready", produces: []) { _ throws(Problem) in
        try readiness.check()
        return .now(Self.json { $0.member("ready") { $0.value(true) } })
      },
      // All models are ready, so what a body would filter is not looked at.
      Route(.post, "/v2/repository/index", produces: [], admit: admit) { request in
        predictor.context.answer { () throws(Problem) in Self.index(try listed(request)) }
      },
      Route(.get, "/v2/models/stats", produces: [], admit: admit) { request in
        predictor.context.answer { () throws(Problem) in
          let others = infer.statistics.askedNames.compactMap { name -> InferenceModel? in
            // Those of jobs are listed as long as there is one.
            guard let model = InferenceModel(name: name), case .metric = model else { return nil }
            return model
          }
          let listed = try listed(request)
          return statistics(listed + others.filter { !listed.contains($0) })
        }
      },
    ]
  }

  private var models: [Route] {
    Self.paths.flatMap { path in
      [
        Route(.get, path, produces: [], admit: admitToJob) { request throws(Problem) in
          try describe(request, \.metadata)
        },
        Route(.get, path + "/config", produces: [], admit: admitToJob) { request throws(Problem) in
          try describe(request, \.configuration)
        },
        Route(.get, path + "/ready", produces: [], admit: admitToJob) { request throws(Problem) in
          try whereItExists(request) { model in
            Self.json { json in
              json.member("name", model.name)
              json.member("ready") { $0.value(true) }
            }
          }
        },
        Route(.get, path + "/stats", produces: [], admit: admitToJob) { request throws(Problem) in
          try whereItExists(request) { model in statistics([model]) }
        },
      ]
    }
  }

  /// What Triton has besides.
  private static let unsupported: [Route] = {
    var routes: [Route] = []
    func add(_ methods: [Method], _ paths: [String], _ what: String) {
      for path in paths {
        for method in methods {
          routes.append(
            Route(method, path, produces: []) { _ throws(Problem) in
              throw InferenceProblems.unsupported(what)
            })
        }
      }
    }
    add(
      [.post], ["load", "unload"].map { "/v2/repository/models/{model}/\($0)" },
      "Loading and unloading models")
    for (kind, name) in [("system", "System"), ("cuda", "CUDA")] {
      let path = "/v2/\(kind)sharedmemory"
      add([.get], [path + "/status", path + "/region/{region}/status"], "\(name) shared memory")
      add(
        [.post],
        [path + "/region/{region}/register", path + "/region/{region}/unregister", path + "/unregister"],
        "\(name) shared memory")
    }
    add([.get, .post], ["/v2/trace/setting", "/v2/models/{model}/trace/setting"], "Tracing")
    add([.get, .post], ["/v2/logging"], "Changing what is logged")
    return routes
  }()

  /// A metric or a loss is known without the store.
  @Sendable private func admitToJob(_ head: RequestHead) throws(Problem) -> (any Admission)? {
    guard case .job = InferenceRoutes.model(head) else { return nil }
    return try admit(head)
  }

  @Sendable private func admit(_ head: RequestHead) throws(Problem) -> (any Admission)? {
    try predictor.context.pool.admit()
  }

  // MARK: Server

  private static let metadata = json { json in
    json.member("name", "hausdorffd")
    json.member("version", Version.current)
    json.member("extensions") { json in
      json.array([
        "binary_tensor_data", "model_configuration", "model_repository", "parameters", "statistics",
      ]) { $0.value($1) }
    }
  }

  private static func json(_ members: (inout JSONWriter) -> Void) -> Response {
    var json = JSONWriter()
    json.object(members)
    return .json(.bytes(json.bytes))
  }

  private static func index(_ models: [InferenceModel]) -> Response {
    var json = JSONWriter()
    json.array(models) { json, model in
      json.object { json in
        json.member("name", model.name)
        json.member("version", InferenceModel.version)
        json.member("state", "READY")
        json.member("reason", "")
      }
    }
    return .json(.bytes(json.bytes))
  }

  /// Metrics, losses, and the newest jobs that have a model.
  private func listed(_ request: Request) throws(Problem) -> [InferenceModel] {
    let jobs = try predictor.context.ask { (store) throws(StoreError) in
      try store.jobs(of: request.scope, limit: Self.maximumJobs)
    }
    return InferenceModel.listed
      + jobs.filter { predictor.context.folder.model(of: $0) != nil }.map { .job($0.id) }
  }

  private func statistics(_ models: [InferenceModel]) -> Response {
    StatisticsReply(models: models.map { ($0, infer.statistics.figures(of: $0)) }).response
  }

  // MARK: Models

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

  private func whereItExists(
    _ request: Request, _ response: @escaping @Sendable (InferenceModel) -> Response
  ) throws(Problem) -> Answer {
    let model = try Self.model(request)
    guard case .job(let id) = model else { return .now(response(model)) }
    return predictor.context.answer { () throws(Problem) in
      _ = try Self.path(ofJob: id, request, predictor.context)
      return response(model)
    }
  }

  private func describe(
    _ request: Request, _ part: @escaping @Sendable (ModelDescription) -> Response
  ) throws(Problem) -> Answer {
    let model = try Self.model(request)
    if let signature = model.signature {
      return .now(part(ModelDescription(name: model.name, signature: signature)))
    }
    guard case .job(let id) = model else { preconditionFailure("only a job's model has to be looked into") }
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
