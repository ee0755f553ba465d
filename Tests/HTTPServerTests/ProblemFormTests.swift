import Testing

@testable import HTTPServer

/// Problems below one path, told in a form of their own, whoever finds them.
struct ProblemFormTests {
  private func start(_ configure: (inout ServerConfiguration) -> Void = { _ in }) throws -> TestServer {
    try TestServer(
      routes: [
        Route(.post, "/own/any", consumes: [Route.anyType], codings: ["gzip"], produces: []) { request in
          .now(.json(.text("\(request.mediaType ?? "none") \(request.body.count)")))
        },
        Route(.get, "/own/fails") { _ throws(Problem) in
          throw Problem(status: 422, detail: "no", headers: ["Retry-After": "7"])
        },
        Route(.get, "/own/later") { _ in
          .later { responder in responder.respond(Problem(status: 503, detail: "later")) }
        },
        Route(.get, "/own/drop") { _ in .later { _ in } },
      ],
      problemForms: [
        ProblemForm(below: "/own") { problem in
          Response(
            status: problem.status, contentType: "text/own", headers: problem.headers,
            content: .text("own: \(problem.detail ?? problem.title)"))
        }
      ], configure)
  }

  private func expectOwn(_ client: Client, _ status: Int, sourceLocation: SourceLocation = #_sourceLocation)
    throws
  {
    let reply = try client.reply()
    #expect(reply.status == status, "\(reply)", sourceLocation: sourceLocation)
    #expect(reply.header("Content-Type") == "text/own", "\(reply)", sourceLocation: sourceLocation)
    #expect(reply.text.hasPrefix("own: "), "\(reply)", sourceLocation: sourceLocation)
    #expect(reply.header("Request-Id") != nil, "\(reply)", sourceLocation: sourceLocation)
  }

  private func head(_ path: String, _ lines: String...) -> String {
    "POST \(path) HTTP/1.1\r\nHost: a\r\n" + lines.map { $0 + "\r\n" }.joined() + "\r\n"
  }

  @Test func `Handlers, workers and the router tell problems so, with their headers`() throws {
    let server = try start()
    let client = try Client(port: server.port)
    for (request, status) in [
      (get("/own/fails"), 422), (get("/own/later"), 503), (get("/own/drop"), 500), (get("/own"), 404),
      (get("/own?x"), 404), (get("/own/nothing"), 404), (get("/own/any"), 405),
      (get("/own/fails", "Accept: image/png\r\n"), 406), (get("/own/fails", "Expect: more\r\n"), 417),
      (head("/own/any", "Content-Encoding: br", "Content-Length: 0"), 415), (get("http://a/own/x"), 404),
    ] {
      client.send(request)
      try expectOwn(client, status)
    }
    client.send(get("/own/fails"))
    #expect(try client.reply().header("Retry-After") == "7")
    client.send(get("/own/any"))
    #expect(try client.reply().header("Allow") == "POST, OPTIONS")
  }

  @Test(arguments: ["/ownother", "/other", "/fails", "/", "/%6Fwn/x", "/x?/own", "//own"])
  func `Elsewhere problems are as ever`(_ path: String) throws {
    let server = try start()
    let client = try Client(port: server.port)
    client.send(get("/own/fails"))
    _ = try client.reply()
    client.send(get(path))
    #expect(try client.reply().header("Content-Type") == "application/problem+json")
  }

  @Test(arguments: [
    ("Content-Length: 1\r\nContent-Length: 1", 400), ("Transfer-Encoding: gzip", 400),
    ("X : y", 400), ("X: \(String(repeating: "x", count: 20_000))", 431),
    ("Content-Length: 5000000", 413),
  ])
  func `Heads that are refused are told so`(_ lines: String, _ status: Int) throws {
    let server = try start { $0.bodyLimit = 1000 }
    let client = try Client(port: server.port)
    client.send(head("/own/any", lines))
    try expectOwn(client, status)
    #expect(client.isClosed())
  }

  @Test func `Bodies that are too long, late or cut short are told so`() throws {
    // All of it arrives, so that nothing is left unread when the server closes.
    let small = try start { ($0.bodyLimit, $0.drainLimit) = (50, 100) }
    let chunked = try Client(port: small.port)
    chunked.send(
      head("/own/any", "Transfer-Encoding: chunked") + "c8\r\n" + String(repeating: "x", count: 200))
    try expectOwn(chunked, 413)
    let hurried = try start { $0.bodyDeadline = .milliseconds(200) }
    let late = try Client(port: hurried.port)
    late.send(head("/own/any", "Content-Length: 5") + "abc")
    try expectOwn(late, 408)
    let patient = try start()
    let ended = try Client(port: patient.port)
    ended.send(get("/hello"))
    #expect(try ended.reply().status == 200)
    // An end that libmicrohttpd sees, which is one that comes behind the bytes, it takes for one that nobody waits behind.
    try patient.whileBlocked {
      ended.send(head("/own/any", "Content-Length: 5") + "abc")
      ended.closeSending()
    }
    let reply = try ended.reply()
    #expect(reply.status == 400 && reply.header("Content-Type") == "text/own", "\(reply)")
  }

  @Test func `Where any type is taken, none need be said, nor a length`() throws {
    let server = try start()
    let client = try Client(port: server.port)
    for (request, count) in [
      (head("/own/any", "Content-Length: 3") + "abc", 3),
      (head("/own/any", "Content-Type: image/png; a", "Content-Length: 3") + "abc", 3),
      (head("/own/any", "Content-Type:", "Accept: image/png", "Content-Length: 0"), 0),
      (head("/own/any", "Transfer-Encoding: chunked") + "3\r\nabc\r\n0\r\n\r\n", 3), (head("/own/any"), 0),
      (head("/own/any", "Content-Encoding: gzip", "Content-Length: 1") + "a", 1),
    ] {
      client.send(request)
      #expect(try client.reply().text == "none \(count)")
    }
  }
}
