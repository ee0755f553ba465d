import Dispatch
import HTTPServer

/// `GET /metrics`
struct MetricsRoute: Sendable {
  let exporter: MetricsExporter
  private let queue = DispatchQueue(label: "hausdorffd.metrics")

  init(exporter: MetricsExporter) { self.exporter = exporter }

  var route: Route {
    Route(.get, "/metrics", produces: ["text/plain"]) { _ in
      .later { responder in
        queue.async {
          responder.respond(Response(contentType: MetricsExporter.contentType, content: .text(exporter.text)))
        }
      }
    }
  }
}
