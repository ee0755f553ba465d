import Dispatch
import Glibc
import Testing

@testable import HTTPServer

/// SIGTERM: readiness drops, what was accepted is answered, the program ends with status 0.
struct ShutdownTests {
  // Too much to be scored on the thread that receives it.
  private static let octets = [UInt8](repeating: 1, count: 2 * 300 * 300)

  private static let request = HTTPRequest.score(query: "shape=300,300&metrics=dice", octets: octets).bytes

  @Test(arguments: [SIGTERM, SIGINT]) func `An idle server ends at once with status 0`(_ signal: Int32) throws
  {
    let server = try ServerProcess()
    server.process.send(signal)
    #expect(try server.process.wait() == 0)
    #expect(server.process.errors.contains("stopped"))
    #expect(throws: RawClient.Failure.self) { try RawClient(port: server.port) }
  }

  @Test func `While draining it is not ready, alive, and answers as before`() throws {
    // Longer than any test: it is killed in the end.
    let server = try ServerProcess(["--drain-delay=3600"])
    #expect(try server.ask(HTTPRequest("GET", "/readyz")).text == "ok\n")
    server.process.send(SIGTERM)
    #expect(try eventually { try server.ask(HTTPRequest("GET", "/readyz")).status == 503 })
    for path in ["/readyz", "/healthz", "/readyz?verbose"] {
      let reply = try server.ask(HTTPRequest("GET", path))
      expectProblem(reply, 503, .none)
      #expect(reply.header("Retry-After") != nil)
      #expect(reply.json["detail"].text?.contains("draining") == true)
      #expect(reply.header("Connection") == "close")
    }
    #expect(try server.ask(HTTPRequest("GET", "/livez")).status == 200)
    try server.expectService()
    let check = try Executable.run("healthcheck", "--port=\(server.port)")
    #expect(check.status == 1 && check.errors.contains("503"), "\(check)")
  }

  @Test func `What was accepted before SIGTERM is answered, then the end comes`() throws {
    let server = try ServerProcess(["--grace-period=600"])
    let clients = try (0..<20).map { _ in try RawClient(port: server.port) }
    for client in clients { client.send(Self.request.dropLast(1000)) }
    #expect(try eventually { try server.requestCount() == 20 })
    server.process.send(SIGTERM)
    #expect(eventually { server.process.errors.contains("stopping:") })
    for client in clients {
      client.send(Self.request.suffix(1000))
      let reply = try client.reply()
      #expect(reply.json["loss"] == 1, "\(reply)")
      #expect(reply.header("Connection") == "close")
    }
    #expect(try server.process.wait() == 0)
  }

  @Test func `SIGTERM under load breaks no answer`() throws {
    let server = try ServerProcess()
    let port = server.port
    let answered = Locked(0)
    let broken = Locked<[String]>([])
    let group = DispatchGroup()
    for _ in 0..<8 {
      DispatchQueue.global().async(group: group) {
        // Until the server takes no more.
        while let client = try? RawClient(port: port), client.send(Self.request) {
          do {
            let reply = try client.reply()
            // Who comes when nothing is under way any more may be sent away, but not cut.
            let isSentAway = reply.status == 503 && reply.header("Retry-After") != nil
            if reply.json["loss"] != 1, !isSentAway { broken.withLock { $0.append("\(reply)") } }
            answered.withLock { $0 += 1 }
          } catch {
            if client.hasReceived { broken.withLock { $0.append("an answer was cut") } }
            return
          }
        }
      }
    }
    #expect(eventually { answered.withLock { $0 } > 200 })
    server.process.send(SIGTERM)
    #expect(try server.process.wait() == 0)
    group.wait()
    #expect(broken.withLock { $0 } == [])
  }

  @Test func `A client that never ends its body does not keep the program from its end`() throws {
    let server = try ServerProcess(["--grace-period=0"])
    let client = try RawClient(port: server.port)
    client.send(Self.request.dropLast())
    #expect(try eventually { try server.requestCount() == 1 })
    server.process.send(SIGTERM)
    #expect(try server.process.wait() == 0)
  }
}
