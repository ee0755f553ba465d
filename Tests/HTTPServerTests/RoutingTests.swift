import Testing

@testable import HTTPServer

struct RoutingTests {
  let server: TestServer
  let client: Client

  init() throws {
    server = try TestServer()
    client = try Client(port: server.port)
  }

  @Test func `A request is answered and the connection kept`() throws {
    for _ in 0..<3 {
      client.send(get("/hello"))
      let reply = try client.reply()
      #expect(reply.status == 200)
      #expect(reply.text == "hello")
      #expect(reply.header("Content-Type") == "text/plain")
      #expect(reply.header("Date") != nil)
    }
    #expect(server.server.connectionCount == 1)
  }

  @Test(arguments: [
    "/", "/hell", "/hello/", "/hello/x", "/HELLO", "/hell%6F", "//hello", "/jobs", "/jobs/", "/jobs/a/b",
  ])
  func `An unknown path is 404 as a problem`(_ path: String) throws {
    client.send(get(path))
    let reply = try client.reply()
    #expect(reply.status == 404)
    #expect(reply.header("Content-Type") == "application/problem+json")
    #expect(reply.text.contains(#""status":404"#) && reply.text.contains(#""type":"about:blank""#))
    client.send(get("/hello"))
    #expect(try client.reply().status == 200)
  }

  @Test(arguments: [
    ("PUT", "/hello", "GET, HEAD, OPTIONS"), ("POST", "/jobs/1", "GET, HEAD, DELETE, OPTIONS"),
    ("GET", "/echo", "POST, OPTIONS"), ("HEAD", "/echo", "POST, OPTIONS"),
    ("BREW", "/hello", "GET, HEAD, OPTIONS"),
    ("get", "/hello", "GET, HEAD, OPTIONS"), ("TRACE", "/hello", "GET, HEAD, OPTIONS"),
  ])
  func `Another method is 405 and Allow says which`(_ method: String, _ path: String, _ allow: String) throws
  {
    client.send(get(path, method: method))
    let reply = try client.reply(toHead: method == "HEAD")
    #expect(reply.status == 405)
    #expect(reply.header("Allow") == allow)
    client.send(get("/hello"))
    #expect(try client.reply().status == 200)
  }

  @Test func `HEAD is GET without the body`() throws {
    client.send(get("/hello", method: "HEAD") + get("/later", method: "HEAD") + get("/hello"))
    let reply = try client.reply(toHead: true)
    #expect(reply.status == 200)
    #expect(reply.header("Content-Length") == "5")
    #expect(try client.reply(toHead: true).header("Content-Length") == "5")
    #expect(try client.reply().text == "hello")
  }

  @Test(
    arguments: [
      ("/hello", 204, "GET, HEAD, OPTIONS"), ("/jobs/7", 204, "GET, HEAD, DELETE, OPTIONS"),
      ("*", 204, "GET, HEAD, POST, DELETE, OPTIONS"), ("/nowhere", 404, nil),
    ] as [(String, Int, String?)])
  func `OPTIONS says what is allowed`(_ target: String, _ status: Int, _ allow: String?) throws {
    client.send(get(target, method: "OPTIONS"))
    let reply = try client.reply()
    #expect(reply.status == status)
    #expect(reply.header("Allow") == allow)
  }

  @Test(arguments: [
    ("text/plain", 200), ("text/*", 200), ("*/*", 200), ("application/json", 406), ("text/plain;q=0", 406),
    ("text/html, text/plain;q=0.1", 200), ("*/*;q=0", 406), ("text/plain;q=0, */*", 406), ("", 200),
    ("application/problem+json", 406), ("TEXT/PLAIN", 200), ("text/plain;charset=utf-8", 200),
    ("nonsense", 200),
  ])
  func `Accept decides`(_ accept: String, _ status: Int) throws {
    client.send(get("/hello", "Accept: \(accept)\r\n"))
    let reply = try client.reply()
    #expect(reply.status == status)
    if status == 406 { #expect(reply.header("Content-Type") == "application/problem+json") }
  }

  @Test(arguments: [
    ("Content-Type: application/json\r\n", 200), ("Content-Type: Application/JSON; charset=utf-8\r\n", 200),
    ("Content-Type: application/json ;x=y\r\n", 200),
    ("Content-Type: multipart/form-data; boundary=x\r\n", 200),
    ("Content-Type: application/jsonx\r\n", 415), ("Content-Type: text/plain\r\n", 415), ("", 415),
    ("Content-Type:\r\n", 415), ("Content-Type: application/json\r\nContent-Encoding: gzip\r\n", 415),
    ("Content-Type: application/json\r\nContent-Encoding: identity\r\n", 200),
    ("Content-Type: application/json\r\nContent-Encoding: identity\r\nContent-Encoding: gzip\r\n", 415),
    ("Content-Type: application/json\r\nExpect: magic\r\n", 417),
  ])
  func `The type of the body decides`(_ headers: String, _ status: Int) throws {
    client.send("POST /json HTTP/1.1\r\nHost: a\r\n\(headers)Content-Length: 2\r\n\r\n{}" + get("/hello"))
    let reply = try client.reply()
    // Besides the answer, the connection is kept: the small body was dropped.
    if headers.contains("magic") { return #expect(reply.status == status) }
    #expect(reply.status == status)
    #expect(try client.reply().text == "hello")
  }

  @Test(
    arguments: [
      ("/jobs/42", 200, "42"), ("/jobs/a%20b", 200, "a b"), ("/jobs/a%2Fb", 200, "a/b"),
      ("/jobs/%C3%A4", 200, "ä"),
      ("/jobs/a+b", 200, "a+b"), ("/jobs/%FF", 400, nil),
    ] as [(String, Int, String?)])
  func `A path parameter is decoded after the match`(_ path: String, _ status: Int, _ text: String?) throws {
    client.send(get(path))
    let reply = try client.reply()
    #expect(reply.status == status)
    if let text { #expect(reply.text == text) }
  }

  @Test(arguments: [
    ("a=1&b=2", "a=1|b=2"), ("a", "a="), ("a=", "a="), ("=b", "=b"), ("a=b=c", "a=b=c"), ("", ""),
    ("&&a=1&", "a=1"),
    ("a=1&a=2", "a=1|a=2"), ("a+b=c+d", "a b=c d"), ("a%2Bb=%26%3D", "a+b=&="),
    ("%C3%A4=%F0%9F%98%80", "ä=😀"),
    ("a=1?b=2", "a=1?b=2"), ("shape=256,256&dtype=uint8", "shape=256,256|dtype=uint8"), ("a=%0A", "a=\n"),
  ])
  func `A query is decoded`(_ query: String, _ items: String) throws {
    client.send(get("/query?" + query))
    #expect(try client.reply().text == items)
  }

  @Test func `A query of too many items is refused`() throws {
    client.send(get("/query?" + String(repeating: "a=1&", count: 300)))
    #expect(try client.reply().status == 400)
  }

  @Test(arguments: [
    "abc", "0190c5d2-7c1e-7000-8000-000000000000", "a/b:c_d.e+f=", String(repeating: "x", count: 128),
  ])
  func `A Request-Id comes back`(_ id: String) throws {
    client.send(get("/hello", "request-id: \(id)\r\n") + get("/nowhere", "Request-Id: \(id)\r\n"))
    #expect(try client.reply().header("Request-Id") == id)
    #expect(try client.reply().header("Request-Id") == id)
  }

  @Test(arguments: ["", "a b", "<script>", "a\"b", "ä", String(repeating: "x", count: 129)])
  func `An unsafe Request-Id is replaced`(_ id: String) throws {
    client.send(get("/hello", "Request-Id: \(id)\r\n") + get("/hello"))
    let first = try #require(try client.reply().header("Request-Id"))
    let second = try #require(try client.reply().header("Request-Id"))
    #expect(first != id && first.utf8.count == 13)
    #expect(first != second)
  }

  @Test func `Refusals of every kind carry a Request-Id`() throws {
    for head in ["PUT /hello", "GET /nowhere", "GET /hello%00", "GET /fails"] {
      let client = try Client(port: server.port)
      client.send("\(head) HTTP/1.1\r\nHost: a\r\nRequest-Id: mine\r\n\r\n")
      #expect(try client.reply().header("Request-Id") == "mine")
    }
  }

  @Test func `A problem is rendered whole`() throws {
    client.send(get("/fails"))
    let reply = try client.reply()
    #expect(reply.status == 422)
    #expect(
      reply.text
        == #"{"type":"urn:test","title":"Unprocessable Content","status":422,"detail":"a \"quoted\"\u000aline","#
        + #""errors":[{"parameter":"shape","detail":"not a shape"},{"pointer":"/y_true","detail":"missing"}]}"#
    )
  }

  @Test func `A handler sees the head as it was sent`() throws {
    client.send(get("/head?a=%20", "X-One: \t1 \r\nX-One: 2\r\nEmpty:\r\n"))
    #expect(try client.reply().text == "/head|127.0.0.1|port|1|Host=test;X-One=1;X-One=2;Empty=")
  }

  @Test func `HTTP/1.0 closes unless asked to keep`() throws {
    client.send("GET /hello HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")
    #expect(try client.reply().status == 200)
    client.send("GET /hello HTTP/1.0\r\n\r\n")
    #expect(try client.reply().status == 200)
    #expect(client.isClosed())
  }

  @Test func `Two routes of one shape are a mistake`() async {
    await #expect(processExitsWith: .failure) {
      _ = Router([
        Route(.get, "/a/{x}") { _ in .now(Response()) }, Route(.get, "/a/{y}") { _ in .now(Response()) },
      ])
    }
  }
}
