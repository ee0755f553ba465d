import Glibc
import Testing

@testable import HTTPServer

/// Each trap of framing, driven through a raw socket.
struct FramingTests {
  static let refused: [(String, String)] = [
    (
      "both lengths",
      "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"
    ),
    (
      "both lengths, the other order",
      "POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n"
    ),
    (
      "a second length, equal",
      "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nContent-Length: 5\r\n\r\nhello"
    ),
    (
      "a second length, differing",
      "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello!"
    ),
    ("a bare LF behind the request line", "GET /hello HTTP/1.1\nXHost: a\r\n\r\n"),
    (
      "both lengths, one behind a bare LF",
      "POST /echo HTTP/1.1\nTransfer-Encoding: chunked\r\nContent-Length: 5\r\nHost: a\r\n\r\n0\r\n\r\n"
    ),
    ("a list of lengths", "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 5, 5\r\n\r\nhello"),
    ("a space before the colon", "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length : 5\r\n\r\nhello"),
    ("a length that is no number", "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: five\r\n\r\n"),
    ("a negative length", "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: -5\r\n\r\n"),
    ("a length with a sign", "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: +5\r\n\r\nhello"),
    ("an empty length", "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length:\r\n\r\n"),
    ("a hexadecimal length", "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 0x5\r\n\r\nhello"),
    ("an unknown transfer coding", "POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip\r\n\r\n"),
    (
      "two transfer codings",
      "POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n"
    ),
    (
      "identity as a transfer coding", "POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: identity\r\n\r\n"
    ),
    (
      "a repeated transfer coding",
      "POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"
    ),
    (
      "a transfer coding with a blank behind",
      "POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked \r\n\r\n0\r\n\r\n"
    ),
    (
      "a tab in the transfer coding",
      "POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: \u{0B}chunked\r\n\r\n0\r\n\r\n"
    ),
    ("chunks with HTTP/1.0", "POST /echo HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
    ("no Host", "GET /hello HTTP/1.1\r\n\r\n"),
    ("no Host but others", "GET /hello HTTP/1.1\r\nAccept: */*\r\n\r\n"),
    ("two Hosts", "GET /hello HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n"),
    ("two Hosts in one", "GET /hello HTTP/1.1\r\nHost: a, b\r\n\r\n"),
    ("a Host with a path", "GET /hello HTTP/1.1\r\nHost: a/b\r\n\r\n"),
    ("a continued line", "GET /hello HTTP/1.1\r\nHost: a\r\nX-One: 1\r\n two\r\n\r\n"),
    ("a continued first line", "GET /hello HTTP/1.1\r\n Host: a\r\nHost: a\r\n\r\n"),
    (
      "a continuation that completes a name",
      "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Lengt: 5\r\n h\r\n\r\nhello"
    ),
    ("a continuation in the last line", "GET /hello HTTP/1.1\r\nHost: a\r\n\tb\r\n\r\n"),
    ("bare line feeds", "GET /hello HTTP/1.1\nHost: a\n\n"),
    ("one bare line feed", "GET /hello HTTP/1.1\r\nHost: a\nX: b\r\n\r\n"),
    ("a bare carriage return", "GET /hello HTTP/1.1\r\nHost: a\r\nX: a\rb\r\n\r\n"),
    ("a NUL in a value", "GET /hello HTTP/1.1\r\nHost: a\r\nX: a\0b\r\n\r\n"),
    ("a NUL in a name", "GET /hello HTTP/1.1\r\nHost: a\r\nX\0Y: a\r\n\r\n"),
    ("a control character in a value", "GET /hello HTTP/1.1\r\nHost: a\r\nX: a\u{01}b\r\n\r\n"),
    ("an empty name", "GET /hello HTTP/1.1\r\nHost: a\r\n: b\r\n\r\n"),
    ("a name with a slash", "GET /hello HTTP/1.1\r\nHost: a\r\nA/B: b\r\n\r\n"),
    ("a line without a colon", "GET /hello HTTP/1.1\r\nHost: a\r\nwords\r\n\r\n"),
    ("%00 in the path", "GET /hello%00 HTTP/1.1\r\nHost: a\r\n\r\n"),
    ("a control escape in the path", "GET /hello%0d%0a HTTP/1.1\r\nHost: a\r\n\r\n"),
    ("%7F in the path", "GET /hello%7f HTTP/1.1\r\nHost: a\r\n\r\n"),
    ("half an escape in the path", "GET /hello%4 HTTP/1.1\r\nHost: a\r\n\r\n"),
    ("no escape behind a percent sign", "GET /hello%zz HTTP/1.1\r\nHost: a\r\n\r\n"),
    ("a control character in the path", "GET /hel\u{01}lo HTTP/1.1\r\nHost: a\r\n\r\n"),
    ("a NUL in the path", "GET /hel\0lo HTTP/1.1\r\nHost: a\r\n\r\n"),
    ("a space in the path", "GET /hel lo HTTP/1.1\r\nHost: a\r\n\r\n"),
    ("two spaces before the path", "GET  /hello HTTP/1.1\r\nHost: a\r\n\r\n"),
    ("a fragment", "GET /hello#x HTTP/1.1\r\nHost: a\r\n\r\n"),
    ("a target without a slash", "GET hello HTTP/1.1\r\nHost: a\r\n\r\n"),
    ("a star for GET", "GET * HTTP/1.1\r\nHost: a\r\n\r\n"),
    ("a broken escape in the query", "GET /query?a=%4 HTTP/1.1\r\nHost: a\r\n\r\n"),
    ("an escape of no digits in the query", "GET /query?a=%zz HTTP/1.1\r\nHost: a\r\n\r\n"),
    ("a query that is not UTF-8", "GET /query?a=%ff HTTP/1.1\r\nHost: a\r\n\r\n"),
    ("an overlong UTF-8 form in the query", "GET /query?a=%c0%af HTTP/1.1\r\nHost: a\r\n\r\n"),
    ("a NUL in the query", "GET /query?a=%00 HTTP/1.1\r\nHost: a\r\n\r\n"),
    ("two Content-Types", "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Type: a/b\r\nContent-Type: a/b\r\n\r\n"),
    ("a malformed version", "GET /hello HTTP/1\r\nHost: a\r\n\r\n"),
    (
      "a chunk size that is no number",
      "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Type: application/octet-stream\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"
    ),
    (
      "a negative chunk size",
      "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Type: application/octet-stream\r\nTransfer-Encoding: chunked\r\n\r\n-1\r\n"
    ),
    (
      "a chunk that is longer than its size",
      "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Type: application/octet-stream\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nabc\r\n0\r\n\r\n"
    ),
  ]

  @Test(arguments: refused) func `What frames ambiguously is answered 400 and closed`(
    _ name: String, _ bytes: String
  ) throws {
    let server = try TestServer()
    let client = try Client(port: server.port)
    client.send(bytes)
    let reply = try client.reply()
    #expect(reply.status == 400, "\(name): \(reply)")
    let remainder = client.remainder()
    // libmicrohttpd sends the head of its own answer to a malformed Content-Length twice, then closes.
    #expect(remainder.isEmpty || reply.header("Request-Id") == nil, "\(name)")
  }

  @Test(arguments: ["99999999999999999999", "18446744073709551616", "9223372036854775807"])
  func `A length beyond all bounds is refused`(_ length: String) throws {
    let server = try TestServer()
    let client = try Client(port: server.port)
    client.send(
      "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Type: application/octet-stream\r\nContent-Length: \(length)\r\n\r\n"
    )
    let status = try client.reply().status
    #expect(status == 400 || status == 413)
    _ = client.remainder()
  }

  @Test func `A chunk size beyond 64 bits is refused`() throws {
    let server = try TestServer()
    let client = try Client(port: server.port)
    client.send(
      "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Type: application/octet-stream\r\nTransfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\n"
    )
    #expect(try client.reply().status == 413)
    #expect(client.isClosed())
  }

  @Test func `Other versions are refused by the library`() throws {
    let server = try TestServer()
    for version in ["HTTP/2.0", "HTTP/0.9"] {
      let client = try Client(port: server.port)
      client.send("GET /hello \(version)\r\nHost: a\r\n\r\n")
      #expect(try client.reply().status == 505)
    }
  }

  static let accepted: [(String, String)] = [
    ("an empty Host", "GET /hello HTTP/1.1\r\nHost:\r\n\r\n"),
    ("blanks around a value", "GET /hello HTTP/1.1\r\nHost: \t a \t\r\nX-Empty:\r\n\r\n"),
    ("a name in any case", "GET /hello HTTP/1.1\r\nhOsT: a\r\n\r\n"),
    ("no Host with HTTP/1.0", "GET /hello HTTP/1.0\r\n\r\n"),
    ("an absolute target", "GET http://a:80/hello HTTP/1.1\r\nHost: a\r\n\r\n"),
    ("a query", "GET /hello?x=%41+b&c HTTP/1.1\r\nHost: a\r\n\r\n"),
    ("empty lines before the request", "\r\n\r\nGET /hello HTTP/1.1\r\nHost: a\r\n\r\n"),
    ("cookies", "GET /hello HTTP/1.1\r\nHost: a\r\nCookie: a=b; c=\"d\"\r\n\r\n"),
    (
      "many headers",
      "GET /hello HTTP/1.1\r\nHost: a\r\n" + String(repeating: "X-Header: value\r\n", count: 300) + "\r\n"
    ),
    ("bytes beyond ASCII in a value", "GET /hello HTTP/1.1\r\nHost: a\r\nX: ä\r\n\r\n"),
    ("a later minor version", "GET /hello HTTP/1.2\r\nHost: a\r\n\r\n"),
  ]

  @Test(arguments: accepted) func `What is well framed is served`(_ name: String, _ bytes: String) throws {
    let server = try TestServer()
    let client = try Client(port: server.port)
    client.send(bytes)
    let reply = try client.reply()
    #expect(reply.status == 200 && reply.text == "hello", "\(name): \(reply)")
  }

  @Test func `A head that comes byte by byte is read`() throws {
    let server = try TestServer()
    let client = try Client(port: server.port)
    for byte in get("/query?a=1&b=%20x", "Accept: application/json\r\n").utf8 { client.send([byte]) }
    #expect(try client.reply().text == "a=1|b= x")
  }

  @Test func `A long head is refused`() throws {
    let server = try TestServer()
    let client = try Client(port: server.port)
    client.send(get("/hello", "X: " + String(repeating: "x", count: 20_000) + "\r\n"))
    #expect(try client.reply().status == 431)
    let endless = try Client(port: server.port)
    endless.send("GET /" + String(repeating: "x", count: 300_000))
    #expect(try endless.reply().status == 414)
  }

  @Test func `A query that fills the connection's memory leaves nothing behind`() throws {
    final class Token: Sendable {}
    weak var left: Token?
    do {
      let token = Token()
      left = token
      let route = Route(.get, "/token") { _ in withExtendedLifetime(token) { .now(.json(.text("{}"))) } }
      let server = try TestServer(routes: [route]) { $0.headDeadline = .milliseconds(500) }
      let request = "GET /hello?\(String(repeating: "&", count: 2000)) HTTP/1.1\r\nHost: x\r\n\r\n"
      // With what comes behind it there is no room for its items, and it is not answered. Half of the clients leave when
      // that is found out.
      for number in 0..<20 {
        let client = try Client(port: server.port)
        client.send(request + request)
        usleep(number % 2 == 0 ? 50_000 : 0)
      }
      #expect(eventually { server.server.connectionCount == 0 })
      server.server.stop(gracePeriod: .zero)
    }
    // A request that stays keeps its connection, its server and its routes.
    #expect(eventually { left == nil })
  }
}
