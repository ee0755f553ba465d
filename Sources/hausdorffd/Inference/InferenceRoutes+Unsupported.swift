import HTTPServer

extension InferenceRoutes {
  /// What Triton has besides.
  static let unsupported: [Route] = {
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
}
