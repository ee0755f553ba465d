import Glibc
import Testing

@testable import HTTPServer

/// Suspending, resuming, and clients that do not wait.
struct ExchangeTests {
  /// libmicrohttpd asks for 128 events at a time, and again where it got as many.
  @Test func `As many requests at once as a thread takes events are answered`() throws {
    let server = try TestServer { configuration in
      (configuration.threads, configuration.idleTimeout) = (2, .seconds(86_400))
    }
    let clients = try (0..<256).map { _ in try Client(port: server.port) }
    for client in clients {
      client.send(get("/hello"))
      #expect(try client.reply().status == 200)
    }
    let blocked = try server.whileBlocked { for client in clients { client.send(get("/hello")) } }
    for client in clients + blocked { #expect(try client.reply().status == 200) }
  }

  let server: TestServer
  let client: Client

  init() throws {
    server = try TestServer {
      $0.threads = 4
      $0.perConnectionMemory = 32 << 10
    }
    client = try Client(port: server.port)
  }

  /// Waits until the handlers of `/hold` have handed over that many responders.
  private func held(_ count: Int = 1) -> [Responder] {
    #expect(eventually { server.held.withLock { $0.count } == count })
    return server.takeHeld()
  }

  @Test func `A worker's answer comes through`() throws {
    for _ in 0..<50 {
      client.send(get("/later"))
      #expect(try client.reply().text == "later")
    }
  }

  @Test func `Pipelined requests are answered in their order`() throws {
    var bytes: [UInt8] = []
    var expected: [[UInt8]] = []
    for index in 0..<60 {
      let body = pattern(index * 37)
      let (request, answer) =
        switch index % 4 {
        case 0: (Array(get("/hello").utf8), Array("hello".utf8))
        case 1: (Array(get("/later").utf8), Array("later".utf8))
        case 2: (post("/echo", body), body)
        default: (post("/echo/later", body), body)
        }
      bytes += request
      expected.append(answer)
    }
    client.send(bytes)
    for body in expected {
      let reply = try client.reply()
      #expect(reply.status == 200 && reply.body == body)
    }
  }

  @Test func `A dropped responder answers 500`() throws {
    client.send(get("/drop") + get("/hello"))
    #expect(try client.reply().status == 500)
    #expect(try client.reply().text == "hello")
  }

  @Test func `Only the first answer counts`() throws {
    client.send(get("/twice") + get("/hello"))
    #expect(try client.reply().text == "first")
    #expect(try client.reply().text == "hello")
  }

  @Test func `A responder knows whether its client is gone`() throws {
    client.send(get("/hold"))
    let responder = try #require(held().first)
    #expect(!responder.clientIsGone)
    client.closeSending()
    #expect(eventually { responder.clientIsGone })
    #expect(responder.respond(.json(.text("{}"))))
    #expect(responder.clientIsGone)
    #expect(!responder.respond(.json(.text("{}"))))
    // Whoever has only closed the sending side still reads the answer.
    #expect(try client.reply().status == 200)
  }

  @Test(arguments: [false, true]) func `A client that vanishes while suspended frees everything`(
    _ reset: Bool
  ) throws {
    do {
      let client = try Client(port: server.port)
      client.send(post("/admitted/hold", pattern(3000)))
      #expect(eventually { server.admissions.values.withLock { $0.reserved == 3000 } })
      #expect(eventually { server.held.withLock { $0.count } == 1 })
      if reset { client.reset() }
    }
    let responders = held()
    #expect(eventually { responders[0].clientIsGone })
    responders[0].respond(.json(.text("{}")))
    #expect(eventually { server.admissions.isEverythingGivenBack && server.server.activeRequestCount == 0 })
  }

  @Test func `A suspended connection does not keep a thread busy`() throws {
    client.send(get("/hold"))
    let responders = held()
    let before = try processorTime()
    usleep(300_000)
    #expect(try processorTime() - before < 0.1)
    responders[0].respond(.json(.text("{}")))
    #expect(try client.reply().status == 200)
  }

  @Test func `A thousand connections are served at once`() throws {
    let clients = try (0..<1000).map { _ in try Client(port: server.port) }
    for client in clients { client.send(get("/hold")) }
    let responders = held(1000)
    #expect(server.server.connectionCount >= 1000)
    for responder in responders { responder.respond(.json(.text("1"))) }
    for client in clients { #expect(try client.reply().text == "1") }
  }

  @Test func `Big answers reach a slow reader`() throws {
    let slow = try Client(port: server.port, receiveBuffer: 4096)
    let body = pattern(3 << 20)
    slow.send(post("/echo", body))
    #expect(try slow.reply().body == body)
  }

  @Test func `A client that resets while it is answered harms nobody`() throws {
    for _ in 0..<20 {
      let client = try Client(port: server.port, receiveBuffer: 4096)
      client.send(post("/echo", pattern(1 << 20)))
      client.reset()
    }
    client.send(get("/hello"))
    #expect(try client.reply().text == "hello")
    #expect(eventually { server.server.activeRequestCount == 0 })
  }

  /// Seconds of processor time of the thread that took the request; no other request runs on it.
  private func processorTime() throws -> Double {
    var clock = clockid_t()
    try #require(pthread_getcpuclockid(server.epollThread.withLock { $0 }, &clock) == 0)
    var time = timespec()
    clock_gettime(clock, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
  }
}
