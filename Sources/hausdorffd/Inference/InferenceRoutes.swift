import HTTPServer
import Training

/// The Open Inference Protocol, version 2, as KServe and Triton speak it: everything below `/v2`.
struct InferenceRoutes: Sendable {
  let readiness: Readiness
  let infer: InferRoute

  var predictor: JobPredictor { infer.predictor }

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
          return statistics(listed + Set(others).subtracting(listed).sorted { $0.name < $1.name })
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

  /// A metric or a loss is known without the store.
  @Sendable private func admitToJob(_ head: RequestHead) throws(Problem) -> (any Admission)? {
    guard case .job = InferenceRoutes.model(head) else { return nil }
    return try admit(head)
  }

  @Sendable private func admit(_ head: RequestHead) throws(Problem) -> (any Admission)? {
    try predictor.context.pool.admit()
  }

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
    // Who may not look at jobs is told of none.
    guard request.visitor?.has([.train, .read]) != false else { return InferenceModel.listed }
    let jobs = try predictor.context.ask { (store) throws(StoreError) in
      try store.jobs(of: request.scope, limit: Self.maximumJobs)
    }
    return InferenceModel.listed
      + jobs.filter { predictor.context.folder.model(of: $0) != nil }.map { .job($0.id) }
  }

  private func statistics(_ models: [InferenceModel]) -> Response {
    StatisticsReply(models: models.map { ($0, infer.statistics.figures(of: $0)) }).response
  }
}
