import Testing

/// What stands around a request: lengths that lie, methods, media types.
struct FramingTests {
  private static let body = #"{"y_true":[[1,0]],"y_pred":[[0,1]]}"#
  private static let head = "POST /v1/score HTTP/1.1\r\nHost: test\r\nContent-Type: application/json\r\n"

  @Test func `A Content-Length that is too short cuts the body, and the rest is no request`() throws {
    let server = try ServerProcess.shared
    let client = try RawClient(port: server.port)
    client.send("\(Self.head)Content-Length: 30\r\n\r\n\(Self.body)\r\n\r\n")
    expectProblem(try client.reply(), 400, .pointer("/y_pred/0/1"))
    #expect(client.closesInTheEnd())
    try server.expectService()
  }

  @Test func `A Content-Length that is too long ends with the client, and gives its place back`() throws {
    let server = try ServerProcess()
    var client: RawClient? = try RawClient(port: server.port)
    client?.send("\(Self.head)Content-Length: 1000\r\n\r\n\(Self.body)")
    #expect(try eventually { try server.requestCount() == 1 })
    client = nil
    #expect(try eventually { try server.requestCount() == 0 })
    try server.expectService()
  }

  @Test(arguments: [
    "Content-Length: -5", "Content-Length: 5, 5", "Content-Length: 5\r\nContent-Length: 5",
    "Content-Length: five",
    "Content-Length: 5\r\nTransfer-Encoding: chunked", "Transfer-Encoding: gzip",
    "Content-Length: 99999999999999999999",
  ])
  func `A length that cannot be trusted is refused and closes the connection`(_ length: String) throws {
    let server = try ServerProcess.shared
    let client = try RawClient(port: server.port)
    client.send("\(Self.head)\(length)\r\n\r\n\(Self.body)")
    #expect([400, 413].contains(try client.reply().status))
    #expect(client.closesInTheEnd())
    try server.expectService()
  }

  @Test func `A chunked body is taken`() throws {
    let client = try RawClient(port: ServerProcess.shared.port)
    let (first, rest) = (Self.body.prefix(10), Self.body.dropFirst(10))
    client.send("\(Self.head)Transfer-Encoding: chunked\r\n\r\na\r\n\(first)\r\n")
    client.send("\(String(rest.count, radix: 16))\r\n\(rest)\r\n0\r\n\r\n")
    #expect(try client.reply().json["loss"] == 1)
  }

  @Test func `Requests in one piece are answered in their order`() throws {
    let client = try RawClient(port: ServerProcess.shared.port)
    let good = HTTPRequest.score(json: Self.body).bytes
    client.send(good + HTTPRequest("GET", "/livez").bytes + HTTPRequest.score(json: "{}").bytes + good)
    #expect(try client.reply().json["loss"] == 1)
    #expect(try client.reply().text == "ok\n")
    #expect(try client.reply().status == 422)
    #expect(try client.reply().json["loss"] == 1)
  }

  private static let headCases: [(HTTPRequest, Int, String, String?)] = [
    (HTTPRequest("GET", "/v1/score"), 405, "Allow", "POST, OPTIONS"),
    (HTTPRequest("DELETE", "/v1/score"), 405, "Allow", "POST, OPTIONS"),
    (HTTPRequest("POST", "/livez"), 405, "Allow", "GET, HEAD, OPTIONS"),
    (HTTPRequest("GET", "/v1/scores"), 404, "Allow", nil),
    (HTTPRequest("GET", "/v1/score/"), 404, "Allow", nil),
    (HTTPRequest("GET", "/"), 404, "Allow", nil),
    (HTTPRequest("POST", "/v1/score", headers: ["Content-Type: text/plain"], body: [1]), 415, "Allow", nil),
    (
      HTTPRequest("POST", "/v1/score", body: [1]), 415, "Accept",
      "application/json, application/octet-stream, multipart/form-data"
    ),
    (HTTPRequest("POST", "/v1/score"), 415, "Retry-After", nil),
    (
      HTTPRequest(
        "POST", "/v1/score", headers: ["Content-Type: application/json", "Content-Encoding: br"], body: [1]),
      415, "Accept-Encoding", "gzip, deflate, identity"
    ),
    (
      HTTPRequest(
        "POST", "/v1/score", headers: ["Content-Type: application/json", "Accept: text/html"], body: [1]),
      406,
      "Allow", nil
    ),
    (HTTPRequest("GET", "/v1/info", headers: ["Accept: image/png"]), 406, "Allow", nil),
    (
      HTTPRequest(
        "POST", "/v1/score", headers: ["Content-Type: application/json", "Expect: gold"], body: [1]), 417,
      "Allow", nil
    ),
    (
      HTTPRequest("GET", "/livez", headers: ["X: \(String(repeating: "x", count: 20_000))"]), 431, "Allow",
      nil
    ),
  ]

  @Test(arguments: headCases.indices) func `A head that no route takes is refused`(_ index: Int) throws {
    let (request, status, header, value) = Self.headCases[index]
    let reply = try ServerProcess.shared.ask(request)
    expectProblem(reply, status, .none)
    #expect(reply.header(header) == value)
    try ServerProcess.shared.expectService()
  }
}
