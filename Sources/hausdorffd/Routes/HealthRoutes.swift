import HTTPServer

/// `/livez`, `/readyz` and `/healthz`
struct HealthRoutes: Sendable {
  let readiness: Readiness

  var routes: [Route] {
    let types = ["text/plain", "application/json"]
    return [Route(.get, "/livez", produces: types) { _ in .now(Self.text("ok\n")) }]
      + ["/readyz", "/healthz"].map { Route(.get, $0, produces: types, handle: ready) }
  }

  private func ready(_ request: Request) throws(Problem) -> Answer {
    try readiness.check()
    guard request.head.query.contains(where: { $0.name == "verbose" }) else { return .now(Self.text("ok\n")) }
    return .now(
      Response(contentType: Self.textType, content: .text("ready\n\(readiness.details)")))
  }

  private static let textType = "text/plain; charset=utf-8"

  private static func text(_ text: StaticString) -> Response {
    Response(contentType: textType, content: .constant(text))
  }
}
