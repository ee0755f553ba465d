import Dispatch
import Glibc
import Testing

@testable import HTTPServer

struct StopTests {
  @Test func `Stopping with suspended requests answers them 503`() throws {
    let server = try TestServer()
    let clients = try (0..<20).map { _ in try Client(port: server.port) }
    for client in clients { client.send(get("/hold")) }
    #expect(eventually { server.held.withLock { $0.count } == 20 })
    server.server.stop(gracePeriod: .zero)
    for client in clients { #expect(try client.reply().status == 503) }
    let responders = server.takeHeld()
    for responder in responders { #expect(responder.clientIsGone && !responder.respond(.json(.text("{}")))) }
  }

  @Test func `Stopping waits for the accepted requests`() throws {
    let server = try TestServer()
    let client = try Client(port: server.port)
    client.send(get("/hold"))
    #expect(eventually { server.held.withLock { $0.count } == 1 })
    DispatchQueue.global().asyncAfter(deadline: .now() + .milliseconds(100)) {
      server.held.withLock { $0.removeFirst() }.respond(.json(.text("answered")))
    }
    server.server.stop(gracePeriod: .seconds(20))
    let reply = try client.reply()
    #expect(reply.text == "answered")
    #expect(reply.header("Connection") == "close")
    #expect(client.isClosed())
  }

  @Test func `Draining closes connections behind their answers`() throws {
    let server = try TestServer()
    let client = try Client(port: server.port)
    client.send(get("/hello"))
    #expect(try client.reply().header("Connection") == nil)
    server.server.beginDrain()
    client.send(get("/hello"))
    #expect(try client.reply().header("Connection") == "close")
    #expect(client.isClosed())
    let newcomer = try Client(port: server.port)
    newcomer.send(get("/later"))
    #expect(try newcomer.reply().header("Connection") == "close")
  }

  @Test func `Stopping under load neither hangs nor aborts`() throws {
    for _ in 0..<5 {
      let server = try TestServer { $0.threads = 4 }
      let port = server.port
      let stopped = Locked(false)
      let group = DispatchGroup()
      for _ in 0..<8 {
        DispatchQueue.global().async(group: group) {
          while !stopped.withLock({ $0 }) {
            guard let client = try? Client(port: port) else { return }
            for _ in 0..<20 {
              guard client.send(get("/later")), (try? client.reply()) != nil else { break }
            }
          }
        }
      }
      usleep(30_000)
      server.server.stop(gracePeriod: .milliseconds(20))
      stopped.withLock { $0 = true }
      group.wait()
      #expect(server.server.connectionCount == 0 && server.server.activeRequestCount == 0)
    }
  }

  @Test func `Stopping while libmicrohttpd refuses a request does not crash`() throws {
    let (blocked, released) = (DispatchSemaphore(value: 0), DispatchSemaphore(value: 0))
    let block = Route(
      .post, "/block", consumes: ["application/octet-stream"],
      admit: { _ in
        blocked.signal()
        released.wait()
        return nil
      }, handle: { _ in .now(.json(.text("never"))) })
    let server = try TestServer(routes: [block])
    let client = try Client(port: server.port)
    client.send(
      "POST /block HTTP/1.1\r\nHost: test\r\nContent-Type: application/octet-stream\r\nTransfer-Encoding: chunked\r\n\r\nno chunk\r\n"
    )
    blocked.wait()
    let group = DispatchGroup()
    DispatchQueue.global().async(group: group) { server.server.stop(gracePeriod: .zero) }
    // Time for it to get as far as it gets while the request is held.
    usleep(1_000_000)
    released.signal()
    group.wait()
    #expect(server.server.connectionCount == 0 && server.server.activeRequestCount == 0)
  }

  @Test func `Stopping twice, or while bodies arrive, is harmless`() throws {
    let server = try TestServer()
    let client = try Client(port: server.port)
    client.send(Array(post("/admitted", pattern(10)).dropLast()))
    #expect(eventually { server.server.activeRequestCount == 1 })
    server.server.stop(gracePeriod: .zero)
    server.server.stop(gracePeriod: .zero)
    #expect(server.admissions.isEverythingGivenBack)
    #expect(throws: Client.Failure.self) { try client.reply() }
  }

  @Test func `Connections beyond the limit wait for their turn`() throws {
    let server = try TestServer { $0.connectionLimit = 2 }
    var clients = try (0..<6).map { _ in try Client(port: server.port) }
    for client in clients { client.send(get("/hello", "Connection: close\r\n")) }
    while let client = clients.popLast() { #expect(try client.reply().text == "hello") }
  }

  @Test func `A port in use is an error that says so`() throws {
    let server = try TestServer()
    let error = #expect(throws: ServerError.self) { try TestServer { $0.port = server.port } }
    #expect(error?.code == EADDRINUSE)
    #expect(error?.description.contains("bind") == true)
    #expect(throws: ServerError.self) { try TestServer { $0.host = "not an address" } }
  }

  @Test(arguments: ["127.0.0.1", "0.0.0.0", "::"]) func `A host is listened on`(_ host: String) throws {
    let server = try TestServer { $0.host = host }
    let client = try Client(port: server.port)
    client.send(get("/head"))
    #expect(try client.reply().text.contains("|127.0.0.1|"))
  }
}
