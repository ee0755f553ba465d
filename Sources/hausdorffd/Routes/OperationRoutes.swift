import HTTPServer
import Hausdorff

/// `/livez`, `/readyz`, `/healthz`, `/v1/info` and `/openapi.yaml`
struct OperationRoutes: Sendable {
  let readiness: Readiness
  let pool: ScoringPool
  let configuration: ServerConfiguration

  /// The routes of the server's health.
  var health: [Route] {
    [
      Route(.get, "/livez", produces: ["text/plain", "application/json"]) { _ in .now(Self.text("ok\n")) },
      Route(.get, "/readyz", produces: ["text/plain", "application/json"], handle: ready),
      Route(.get, "/healthz", produces: ["text/plain", "application/json"], handle: ready),
    ]
  }

  var routes: [Route] {
    health + [
      Route(.get, "/v1/info") { _ in .now(.json(.bytes(info))) },
      Route(.get, "/openapi.yaml", produces: ["application/yaml"]) { _ in
        .now(Response(contentType: "application/yaml", content: .bytes(PackageResources.openapi_yaml)))
      },
    ]
  }

  private func ready(_ request: Request) throws(Problem) -> Answer {
    try readiness.check()
    guard request.head.query.contains(where: { $0.name == "verbose" }) else { return .now(Self.text("ok\n")) }
    return .now(
      Self.text(
        """
        ready
        requests being received, waiting or worked on: \(pool.requestCount) of \(pool.limits.requests)
        workers: \(pool.workerCount) of \(pool.limits.width) at work
        store: it answers
        disk: \(readiness.freeBytes.map { "\($0) bytes free" } ?? "not looked at yet")

        """))
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

  private static func text(_ text: StaticString) -> Response {
    Response(contentType: "text/plain; charset=utf-8", content: .constant(text))
  }

  private static func text(_ text: String) -> Response {
    Response(contentType: "text/plain; charset=utf-8", content: .text(text))
  }
}
