import Glibc
import Testing

@testable import HTTPServer

struct DeadlineTests {
  @Test func `A connection without a request is closed`() throws {
    let server = try TestServer { $0.headDeadline = .milliseconds(200) }
    #expect(try Client(port: server.port).isClosed())
  }

  @Test func `A head that dribbles is cut`() throws {
    let server = try TestServer { $0.headDeadline = .milliseconds(200) }
    let client = try Client(port: server.port)
    #expect(dribble(get("/hello", "X: " + String(repeating: "x", count: 10_000) + "\r\n"), client))
    #expect(client.isClosed())
  }

  @Test func `A request line that dribbles is cut, also behind an answer`() throws {
    let server = try TestServer {
      $0.headDeadline = .seconds(2)
      $0.idleTimeout = .milliseconds(200)
    }
    let client = try Client(port: server.port)
    client.send(get("/hello"))
    #expect(try client.reply().status == 200)
    #expect(dribble(get("/" + String(repeating: "x", count: 10_000)), client))
    #expect(client.isClosed())
  }

  @Test(arguments: ["Content-Length: 100000\r\n\r\n", "Transfer-Encoding: chunked\r\n\r\n186a0\r\n"])
  func `A body that dribbles is answered 408 and cut`(_ framing: String) throws {
    let server = try TestServer { $0.bodyDeadline = .milliseconds(200) }
    let client = try Client(port: server.port)
    client.send("POST /admitted HTTP/1.1\r\nHost: a\r\nContent-Type: application/octet-stream\r\n" + framing)
    #expect(dribble(String(repeating: "x", count: 10_000), client))
    #expect(try client.reply().status == 408)
    #expect(client.isClosed())
    #expect(eventually { server.admissions.isEverythingGivenBack })
  }

  @Test func `A worker may take longer than every deadline`() throws {
    let server = try TestServer {
      $0.headDeadline = .seconds(1)
      $0.bodyDeadline = .milliseconds(200)
      $0.idleTimeout = .milliseconds(200)
    }
    let client = try Client(port: server.port)
    client.send(get("/hold"))
    #expect(eventually { server.held.withLock { $0.count } == 1 })
    usleep(2_500_000)
    server.takeHeld()[0].respond(.json(.text("{}")))
    #expect(try client.reply().status == 200)
  }

  /// Sends a byte each 5 ms; `true` where the other side has closed before the end.
  private func dribble(_ text: String, _ client: Client) -> Bool {
    for byte in text.utf8 {
      guard client.send([byte]) else { return true }
      usleep(5000)
    }
    return false
  }
}
