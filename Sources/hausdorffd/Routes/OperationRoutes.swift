import HTTPServer
import Hausdorff

/// Health, `/v1/info` and `/openapi.yaml`
struct OperationRoutes: Sendable {
  let readiness: Readiness
  let pool: ScoringPool
  let configuration: ServerConfiguration

  var routes: [Route] {
    HealthRoutes(readiness: readiness).routes + [
      Route(.get, "/v1/info") { _ in .now(.json(.bytes(info))) },
      Route(.get, "/openapi.yaml", produces: ["application/yaml"]) { _ in
        .now(Response(contentType: "application/yaml", content: .bytes(PackageResources.openapi_yaml)))
      },
    ]
  }

  private var info: [UInt8] {
    var json = JSONWriter()
    json.object { json in
      json.member("name", "hausdorffd")
      json.member("version", Version.current)
      json.member("kernels", Kernels.name)
      json.member("conventions") { $0.array(Convention.allCases) { $0.value($1.rawValue) } }
      json.member("limits") { json in
        json.object { json in
          json.member("body_bytes", configuration.bodyLimit)
          json.member("head_bytes", configuration.headLimit)
          json.member("connections", configuration.connectionLimit)
          json.member("requests", pool.limits.requests)
          json.member("queued_bytes", pool.limits.bytes)
          json.member("workers", pool.limits.width)
          json.member("deadline_seconds", Int(pool.limits.deadline.components.seconds))
          json.member("metrics", ArrayPair.maximumNames)
          json.member("values", ArrayPair.maximumValues)
        }
      }
    }
    return json.bytes
  }
}
