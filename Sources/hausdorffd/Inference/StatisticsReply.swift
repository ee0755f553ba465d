import HTTPServer

/// Statistics as Triton tells them.
struct StatisticsReply {
  let models: [(model: InferenceModel, figures: InferenceStatistics.Figures)]

  var response: Response {
    var json = JSONWriter()
    json.object { json in
      json.member("model_stats") { json in
        json.array(models) { json, entry in Self.write(entry.model, entry.figures, to: &json) }
      }
    }
    return .json(.bytes(json.bytes))
  }

  private static let phaseNames = ["queue", "compute_input", "compute_infer", "compute_output"]

  private static func write(
    _ model: InferenceModel, _ figures: InferenceStatistics.Figures, to json: inout JSONWriter
  ) {
    let phases = zip(phaseNames, figures.phases)
    json.object { json in
      json.member("name", model.name)
      json.member("version", InferenceModel.version)
      json.member("last_inference", figures.last)
      // Batches are axes of the tensors, so each request is one inference and one execution.
      json.member("inference_count", figures.success.count)
      json.member("execution_count", figures.success.count)
      json.member("inference_stats") { json in
        json.object { json in
          write("success", figures.success, to: &json)
          write("fail", figures.failure, to: &json)
          for (name, figure) in phases { write(name, figure, to: &json) }
          // There is no cache.
          for name in ["cache_hit", "cache_miss"] { write(name, InferenceStatistics.Figure(), to: &json) }
        }
      }
      json.member("response_stats") { $0.object { _ in } }
      json.member("batch_stats") { json in
        json.array(figures.success.count > 0 ? [1] : []) { json, size in
          json.object { json in
            json.member("batch_size", size)
            for (name, figure) in phases.dropFirst() { write(name, figure, to: &json) }
          }
        }
      }
      json.member("memory_usage") { $0.array([Int]()) { $0.value($1) } }
    }
  }

  private static func write(_ name: String, _ figure: InferenceStatistics.Figure, to json: inout JSONWriter) {
    json.member(name) { json in
      json.object { json in
        json.member("count", figure.count)
        json.member("ns", figure.nanoseconds)
      }
    }
  }
}
