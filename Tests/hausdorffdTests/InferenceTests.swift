import TestSupport
import Testing

@testable import hausdorffd

/// The Open Inference Protocol over raw sockets, within the limits of the server; its clients are in `inference.py`.
struct InferenceTests {
  private static let text =
    #"{"inputs":[{"name":"y_true","shape":[1,4],"datatype":"UINT8","data":[1,0,0,0]},{"name":"y_pred","shape":[1,4],"datatype":"UINT8","parameters":{"binary_data_size":4}}]}"#
  private static let length = "Inference-Header-Content-Length: \(text.utf8.count)"
  private static let head = "POST /v2/models/hausdorff/infer HTTP/1.1\r\nHost: a\r\n"

  private func expectError(
    _ reply: HTTPReply, _ status: Int, sourceLocation: SourceLocation = #_sourceLocation
  ) {
    #expect(reply.status == status, "\(reply)", sourceLocation: sourceLocation)
    #expect(reply.header("Content-Type") == "application/json", "\(reply)", sourceLocation: sourceLocation)
    #expect(reply.json["error"].text?.isEmpty == false, "\(reply)", sourceLocation: sourceLocation)
  }

  @Test func `A chunked body without a type is fine, cut anywhere`() throws {
    let client = try RawClient(port: ServerProcess.shared.port)
    let body = Array(Self.text.utf8) + [0, 0, 0, 1]
    for cut in [1, 50, Self.text.utf8.count, body.count - 1] {
      client.send(Self.head + "Transfer-Encoding: chunked\r\n\(Self.length)\r\n\r\n")
      for part in [body[..<cut], body[cut...]] {
        client.send("\(String(part.count, radix: 16))\r\n")
        client.send(part)
        client.send("\r\n")
      }
      client.send("0\r\n\r\n")
      let reply = try client.reply()
      #expect(reply.status == 200 && reply.json["outputs"][0]["data"][0] == 3, "\(reply)")
    }
  }

  @Test func `HTTP 1.0 without a Host, any type and any Accept are fine`() throws {
    for lines in ["Content-Type: image/png", "Content-Type: a; b", "Accept: image/png", "accept: */*"] {
      let client = try RawClient(port: ServerProcess.shared.port)
      client.send(
        "POST /v2/models/hausdorff/infer HTTP/1.0\r\n\(lines)\r\n\(Self.length)\r\nContent-Length: \(Self.text.utf8.count + 4)\r\n\r\n\(Self.text)"
      )
      client.send([0, 0, 0, 1])
      #expect(try client.reply().json["outputs"][0]["data"][0] == 3)
    }
  }

  @Test func `None of the outputs by name are all of them`() throws {
    let body =
      #"{"inputs":[{"name":"y_true","shape":[1,4],"datatype":"UINT8","data":[0,0,0,1]},"#
      + #"{"name":"y_pred","shape":[1,4],"datatype":"UINT8","data":[1,0,0,0]}],"outputs":[]}"#
    let reply = try ServerProcess.shared.ask(
      HTTPRequest("POST", "/v2/models/hausdorff/infer", body: Array(body.utf8)))
    #expect(reply.status == 200 && reply.json["outputs"][0]["data"][0] == 3, "\(reply)")
  }

  @Test func `A full pool, and a body that is too long, are told in the protocol's form`() throws {
    let server = try ServerProcess(["--max-requests=1", "--max-body=1000"])
    let long = try RawClient(port: server.port)
    long.send(Self.head + "Content-Length: 5000000\r\n\r\n")
    expectError(try long.reply(), 413)
    let bomb = try server.ask(
      HTTPRequest(
        "POST", "/v2/models/hausdorff/infer", headers: ["Content-Encoding: gzip"],
        body: deflated([UInt8](repeating: 32, count: 100_000))))
    expectError(bomb, 413)
    #expect(try eventually { try server.requestCount() == 0 })
    let holder = try RawClient(port: server.port)
    holder.send(Self.head + "\(Self.length)\r\nContent-Length: \(Self.text.utf8.count + 4)\r\n\r\n")
    #expect(try eventually { try server.requestCount() == 1 })
    let refused = try RawClient(port: server.port)
    refused.send(Self.head + "\(Self.length)\r\nContent-Length: 500\r\nExpect: 100-continue\r\n\r\n")
    let reply = try refused.reply()
    expectError(reply, 503)
    #expect(reply.header("Retry-After") == "1")
    // What takes no place is answered meanwhile.
    for path in ["/v2", "/v2/health/ready", "/v2/models/dice", "/v2/models/dice/stats"] {
      #expect(try server.ask(HTTPRequest("GET", path)).status == 200)
    }
    holder.send(Self.text)
    holder.send([0, 0, 0, 1])
    #expect(try holder.reply().json["outputs"][0]["data"][0] == 3)
    #expect(try eventually { try server.requestCount() == 0 })
    try server.expectService()
  }

  @Test func `What an answer takes is counted among the bytes of requests`() throws {
    let server = try ServerProcess(["--max-queued-bytes=20000000"])
    let size = 512
    let tensors = ["y_true", "y_pred"].map {
      #"{"name":"\#($0)","shape":[\#(size),\#(size)],"datatype":"UINT8","parameters":{"binary_data_size":\#(size * size)}}"#
    }.joined(separator: ",")
    for (isBinary, status) in [(true, 200), (false, 413)] {
      let text = #"{"inputs":[\#(tensors)],"parameters":{"binary_data_output":\#(isBinary)}}"#
      let reply = try server.ask(
        HTTPRequest(
          "POST", "/v2/models/dice_loss/infer",
          headers: ["Inference-Header-Content-Length: \(text.utf8.count)"],
          body: Array(text.utf8) + [UInt8](repeating: 1, count: 2 * size * size)))
      if status == 200 {
        #expect(reply.status == 200, "\(reply.text.prefix(300))")
      } else {
        expectError(reply, status)
      }
    }
    try server.expectService()
  }

  @Test func `A draining server is not ready, but lives`() throws {
    let server = try ServerProcess(["--drain-delay=3600"])
    server.process.send(15)
    #expect(try eventually { try server.ask(HTTPRequest("GET", "/v2/health/ready")).status == 503 })
    let reply = try server.ask(HTTPRequest("GET", "/v2/health/ready"))
    expectError(reply, 503)
    #expect(reply.json["error"].text?.contains("draining") == true && reply.header("Retry-After") == "1")
    #expect(try server.ask(HTTPRequest("GET", "/v2/health/live")).json["live"] == .bool(true))
  }

  @Test func `Figures are kept of as many models as were asked last, and no more`() {
    let statistics = InferenceStatistics()
    var timing = InferenceTiming()
    timing.note(.inference)
    for number in 0..<5000 { statistics.succeeded(.metric("hausdorff_\(Double(number) / 100)"), timing) }
    #expect(statistics.askedNames.count == 4096)
    #expect(statistics.figures(of: .metric("hausdorff_49.99")).success.count == 1)
    statistics.failed(.metric("hausdorff_49.99"), timing)
    let figures = statistics.figures(of: .metric("hausdorff_49.99"))
    #expect(figures.success.count == 1 && figures.failure.count == 1 && figures.phases[2].nanoseconds > 0)
  }

  @Test(arguments: InferenceModel.listed) func `Every listed model is found by its name`(
    _ model: InferenceModel
  ) {
    #expect(InferenceModel(name: model.name) == model)
  }
}
