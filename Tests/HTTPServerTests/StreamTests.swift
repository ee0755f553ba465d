import Dispatch
import Glibc
import Testing

@testable import HTTPServer

/// Answers that are written while they are sent.
struct StreamTests {
  let streams = Streams()

  /// What `/events` and `/events/held` have made, for the test to write to.
  final class Streams: Sendable {
    let made = Locked<[ByteStream]>([])
    let threads = Locked<[pthread_t]>([])
    let capacity: Int

    init(capacity: Int = 256 << 10) { self.capacity = capacity }

    func response() -> Response {
      let (stream, content) = ByteStream.make(capacity: capacity)
      made.withLock { $0.append(stream) }
      return Response(contentType: "text/event-stream", content: content)
    }

    var routes: [Route] {
      [
        Route(.get, "/events", produces: []) { [self] _ in
          threads.withLock { if !$0.contains(pthread_self()) { $0.append(pthread_self()) } }
          return .now(response())
        }
      ]
    }

    /// Waits for so many streams; the test is the only holder afterwards.
    func take(_ count: Int = 1) -> [ByteStream] {
      #expect(eventually { made.withLock { $0.count } == count })
      return made.withLock { made in
        defer { made = [] }
        return made
      }
    }
  }

  private func text(_ bytes: [UInt8]) -> String { String(decoding: bytes, as: UTF8.self) }

  @Test func `Events come as they are appended, and the connection is kept`() throws {
    let server = try TestServer(routes: streams.routes)
    let client = try Client(port: server.port)
    for _ in 0..<3 {
      client.send(get("/events"))
      let head = try client.head()
      #expect(head.status == 200 && head.header("Transfer-Encoding") == "chunked")
      #expect(head.header("Content-Type") == "text/event-stream" && head.header("Content-Length") == nil)
      let stream = streams.take()[0]
      for index in 0..<100 {
        #expect(stream.append("data: \(index)\n\n"))
        #expect(text(try client.chunk()) == "data: \(index)\n\n")
      }
      #expect(stream.bufferedCount == 0 && !stream.isFinished && !stream.clientIsGone)
      #expect(stream.append([1, 2]))
      stream.finish()
      #expect(stream.isFinished && !stream.append("x"))
      #expect(try client.chunks() == [1, 2])
      #expect(eventually { stream.clientIsGone })
      client.send(get("/hello"))
      #expect(try client.reply().text == "hello")
    }
    #expect(server.server.connectionCount == 1)
  }

  @Test func `What was appended before the response is sent with it`() throws {
    let server = try TestServer()
    let client = try Client(port: server.port)
    client.send(get("/hold") + get("/hello"))
    #expect(eventually { server.held.withLock { $0.count } == 1 })
    let (stream, content) = ByteStream.make(capacity: 10)
    #expect(stream.append("0123456789") && !stream.append("x") && stream.append(""))
    #expect(stream.bufferedCount == 10 && !stream.clientIsGone)
    stream.finish()
    server.takeHeld()[0].respond(Response(content: content))
    #expect(try client.head().status == 200)
    #expect(text(try client.chunks()) == "0123456789")
    #expect(try client.reply().text == "hello")
  }

  @Test func `HTTP/1.0 gets the bytes without chunks`() throws {
    let server = try TestServer(routes: streams.routes)
    let client = try Client(port: server.port)
    client.send("GET /events HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")
    let head = try client.head()
    #expect(head.header("Transfer-Encoding") == nil && head.header("Connection") == "close")
    let stream = streams.take()[0]
    let body = pattern(100_000)
    #expect(stream.append(body))
    #expect(eventually { stream.bufferedCount == 0 })
    #expect(stream.append("end"))
    stream.finish()
    #expect(client.remainder() == body + Array("end".utf8))
  }

  @Test func `HEAD gets nothing behind the head`() throws {
    let server = try TestServer(routes: streams.routes)
    let client = try Client(port: server.port)
    client.send(get("/events", method: "HEAD"))
    let head = try client.head()
    #expect(head.status == 200 && head.header("Content-Type") == "text/event-stream")
    #expect(head.header("Transfer-Encoding") == nil && head.header("Content-Length") == nil)
    #expect(client.isClosed())
    let stream = streams.take()[0]
    #expect(eventually { stream.clientIsGone })
    #expect(!stream.append("x"))
  }

  @Test(arguments: [204, 304]) func `A status without a body ends the stream`(_ status: Int) throws {
    let streams = streams
    let server = try TestServer(routes: [
      Route(.get, "/none", produces: []) { _ in
        var response = streams.response()
        response.status = status
        return .now(response)
      }
    ])
    let client = try Client(port: server.port)
    client.send(get("/none"))
    #expect(try client.head().status == status)
    #expect(client.isClosed())
    #expect(eventually { streams.made.withLock { $0[0].clientIsGone } })
  }

  @Test func `Dropping a stream ends the body`() throws {
    let server = try TestServer(routes: streams.routes)
    let client = try Client(port: server.port)
    client.send(get("/events") + get("/hello"))
    #expect(try client.head().status == 200)
    #expect(streams.take()[0].append("last"))
    #expect(text(try client.chunks()) == "last")
    #expect(try client.reply().text == "hello")
  }

  @Test func `A stream that is never sent has no client`() throws {
    let (stream, content) = ByteStream.make()
    let response = Locked<Response?>(Response(content: content))
    _ = consume content
    #expect(!stream.clientIsGone && stream.append("x"))
    response.withLock { $0 = nil }
    #expect(stream.clientIsGone && !stream.append("x"))
  }

  @Test func `A stream whose answer comes too late has no client`() throws {
    let server = try TestServer()
    let client = try Client(port: server.port)
    client.send(get("/hold"))
    #expect(eventually { server.held.withLock { $0.count } == 1 })
    let responder = server.takeHeld()[0]
    server.server.stop(gracePeriod: .zero)
    let response = streams.response()
    #expect(!responder.respond(consume response))
    #expect(eventually { streams.made.withLock { $0[0].clientIsGone } })
  }

  @Test func `A stream is sent once only`() throws {
    let server = try TestServer()
    let (first, second) = (try Client(port: server.port), try Client(port: server.port))
    first.send(get("/hold"))
    second.send(get("/hold") + get("/hello"))
    #expect(eventually { server.held.withLock { $0.count } == 2 })
    let (stream, content) = ByteStream.make()
    for responder in server.takeHeld() { responder.respond(Response(content: content)) }
    let statuses = [try first.head().status, try second.head().status]
    #expect(statuses.sorted() == [200, 500])
    #expect(stream.append("x") && !stream.clientIsGone)
    if statuses[0] == 200 { #expect(text(try first.chunk()) == "x") }
  }

  @Test func `A slow reader loses nothing, and the buffer stays bounded`() throws {
    let streams = Streams(capacity: 64 << 10)
    let server = try TestServer(routes: streams.routes)
    let client = try Client(port: server.port, receiveBuffer: 4096)
    client.send(get("/events"))
    #expect(try client.head().status == 200)
    let stream = streams.take()[0]
    let body = pattern(4 << 20)
    let refused = Locked(0)
    DispatchQueue.global().async {
      var start = 0
      while start < body.count {
        let piece = Array(body[start..<min(body.count, start + 9999)])
        if stream.append(piece) {
          start += piece.count
        } else if stream.clientIsGone {
          return
        } else {
          refused.withLock { $0 += 1 }
          usleep(500)
        }
        if stream.bufferedCount > 64 << 10 { refused.withLock { $0 = -1 << 40 } }
      }
      stream.finish()
    }
    usleep(200_000)
    #expect(try client.chunks() == body)
    #expect(refused.withLock { $0 } > 0)
  }

  @Test func `A client that does not read is cut, one that waits is not`() throws {
    let server = try TestServer(routes: streams.routes) {
      $0.bodyDeadline = .milliseconds(300)
      $0.idleTimeout = .milliseconds(300)
      $0.minimumBodyRate = 1 << 30
    }
    let waiting = try Client(port: server.port)
    waiting.send(get("/events"))
    #expect(try waiting.head().status == 200)
    let patient = streams.take()[0]
    let deaf = try Client(port: server.port, receiveBuffer: 4096)
    deaf.send(get("/events"))
    let flooded = streams.take()[0]
    let piece = [UInt8](repeating: 7, count: 64 << 10)
    // More than fits into the socket's buffers; what does not is in ours until the connection is cut.
    #expect(
      eventually {
        while flooded.append(piece) {}
        return flooded.clientIsGone
      })
    #expect(eventually { server.server.activeRequestCount == 1 })
    #expect(!patient.clientIsGone && patient.append("still here"))
    #expect(text(try waiting.chunk()) == "still here")
    withExtendedLifetime(deaf) {}
  }

  @Test func `A client that reads too little to get on is cut`() throws {
    let server = try TestServer(routes: streams.routes) {
      $0.bodyDeadline = .milliseconds(300)
      $0.minimumBodyRate = 1 << 30
    }
    let client = try Client(port: server.port, receiveBuffer: 4096)
    client.send(get("/events"))
    #expect(try client.head().status == 200)
    let stream = streams.take()[0]
    // It has waited once: the deadline of the head is gone.
    #expect(stream.append("hello"))
    #expect(text(try client.chunk()) == "hello")
    let socket = client.socket
    let isOver = Locked(false)
    let group = DispatchGroup()
    DispatchQueue.global().async(group: group) {
      var bytes = [UInt8](repeating: 0, count: 1024)
      while !isOver.withLock({ $0 }), recv(socket, &bytes, bytes.count, 0) > 0 { usleep(20_000) }
    }
    let piece = [UInt8](repeating: 7, count: 64 << 10)
    #expect(
      eventually {
        while stream.append(piece) {}
        return stream.clientIsGone
      })
    isOver.withLock { $0 = true }
    group.wait()
  }

  @Test func `A client that does not read what the kernel keeps for it is given up`() throws {
    let server = try TestServer(routes: streams.routes) { $0.bodyDeadline = .milliseconds(300) }
    let deaf = try Client(port: server.port, receiveBuffer: 4096)
    deaf.send(get("/events"))
    let stream = streams.take()[0]
    // More than the client's side takes, less than the server's side keeps: the stream waits for more.
    #expect(stream.append([UInt8](repeating: 7, count: 24 << 10)))
    #expect(eventually { stream.bufferedCount == 0 })
    #expect(eventually { stream.clientIsGone })
    withExtendedLifetime(deaf) {}
  }

  @Test(arguments: [false, true]) func `A producer learns that its client is gone`(_ reset: Bool) throws {
    let server = try TestServer(routes: streams.routes)
    var stream: ByteStream
    do {
      let client = try Client(port: server.port)
      client.send(get("/events"))
      #expect(try client.head().status == 200)
      stream = streams.take()[0]
      #expect(stream.append("hello"))
      #expect(text(try client.chunk()) == "hello")
      #expect(!stream.clientIsGone)
      if reset { client.reset() }
    }
    #expect(eventually { stream.clientIsGone })
    #expect(server.server.activeRequestCount == 1)
    stream.finish()
    #expect(eventually { server.server.activeRequestCount == 0 && server.server.connectionCount == 0 })
    #expect(!stream.append("x"))
  }

  @Test func `Streams that wait keep no thread busy`() throws {
    let server = try TestServer(routes: streams.routes)
    let clients = try (0..<20).map { _ in try Client(port: server.port) }
    for client in clients { client.send(get("/events")) }
    for client in clients { #expect(try client.head().status == 200) }
    let waiting = streams.take(20)
    for stream in waiting { #expect(stream.append("x")) }
    for client in clients { #expect(text(try client.chunk()) == "x") }
    let before = try processorTime()
    usleep(1_000_000)
    #expect(try processorTime() - before < 0.2)
    #expect(server.server.activeRequestCount == 20)
    withExtendedLifetime(waiting) {}
  }

  @Test func `Threads that append at once lose nothing and keep their order`() throws {
    let streams = Streams(capacity: 1 << 10)
    let server = try TestServer(routes: streams.routes)
    let client = try Client(port: server.port)
    client.send(get("/events"))
    #expect(try client.head().status == 200)
    let stream = streams.take()[0]
    DispatchQueue.global().async {
      DispatchQueue.concurrentPerform(iterations: 8) { thread in
        for index in 0..<1000 {
          while !stream.append("\(thread) \(index)\n") {
            if stream.clientIsGone { return }
            sched_yield()
          }
        }
      }
      stream.finish()
    }
    var next = [Int](repeating: 0, count: 8)
    for line in text(try client.chunks()).split(separator: "\n") {
      let numbers = line.split(separator: " ").compactMap { Int($0) }
      try #require(numbers.count == 2 && numbers[1] == next[numbers[0]], "\(line)")
      next[numbers[0]] += 1
    }
    #expect(next == [Int](repeating: 1000, count: 8))
  }

  @Test func `Stopping ends the streams at once and waits for the others`() throws {
    let server = try TestServer(routes: streams.routes)
    let clients = try (0..<50).map { _ in try Client(port: server.port) }
    for client in clients { client.send(get("/events")) }
    for client in clients { #expect(try client.head().status == 200) }
    let waiting = streams.take(50)
    let deaf = try Client(port: server.port, receiveBuffer: 4096)
    deaf.send(get("/events"))
    let full = streams.take()[0]
    let piece = [UInt8](repeating: 7, count: 64 << 10)
    // The connection takes more for a while.
    for _ in 0..<50 {
      while full.append(piece) {}
      usleep(1000)
    }
    let (pending, late) = (try Client(port: server.port), try Client(port: server.port))
    pending.send(get("/hold"))
    late.send(get("/hold"))
    #expect(eventually { server.held.withLock { $0.count } == 2 })
    let stopped = Locked(false)
    let group = DispatchGroup()
    DispatchQueue.global().async(group: group) {
      server.server.stop(gracePeriod: .seconds(60))
      stopped.withLock { $0 = true }
    }
    for client in clients { #expect(try client.chunks().isEmpty) }
    for stream in waiting { #expect(stream.isFinished && !stream.append("x")) }
    #expect(full.isFinished && !stopped.withLock { $0 })
    // A stream that begins now ends at once, behind what it holds already.
    let (stream, content) = ByteStream.make()
    #expect(stream.append("in time"))
    let responders = server.takeHeld()
    responders[0].respond(Response(content: content))
    responders[1].respond(.json(.text("answered")))
    let heads = [try pending.head(), try late.head()]
    for (client, head) in zip([pending, late], heads) {
      #expect(head.status == 200 && head.header("Connection") == "close")
      if head.header("Transfer-Encoding") != nil { #expect(text(try client.chunks()) == "in time") }
    }
    group.wait()
    #expect(stream.isFinished && full.clientIsGone)
    #expect(server.server.activeRequestCount == 0 && server.server.connectionCount == 0)
    withExtendedLifetime(deaf) {}
  }

  @Test func `Stopping while streams begin, run and end neither hangs nor aborts`() throws {
    for _ in 0..<5 {
      let streams = Streams()
      let server = try TestServer(routes: streams.routes) { $0.threads = 4 }
      let port = server.port
      let stopped = Locked(false)
      let group = DispatchGroup()
      for _ in 0..<4 {
        DispatchQueue.global().async(group: group) {
          while !stopped.withLock({ $0 }) {
            guard let client = try? Client(port: port) else { return }
            for _ in 0..<20 {
              guard client.send(get("/events")), (try? client.head()) != nil, (try? client.chunks()) != nil
              else { break }
            }
          }
        }
      }
      DispatchQueue.global().async(group: group) {
        while !stopped.withLock({ $0 }) {
          let made = streams.made.withLock { made in
            defer { made = [] }
            return made
          }
          for stream in made {
            _ = stream.append("one")
            usleep(100)
            _ = stream.append("two")
          }
        }
      }
      usleep(50_000)
      server.server.stop(gracePeriod: .seconds(20))
      stopped.withLock { $0 = true }
      group.wait()
      #expect(server.server.connectionCount == 0 && server.server.activeRequestCount == 0)
    }
  }

  /// Seconds of processor time of the threads that took `/events`; no other requests run on them.
  private func processorTime() throws -> Double {
    try streams.threads.withLock { $0 }.reduce(0) { sum, thread in
      var clock = clockid_t()
      try #require(pthread_getcpuclockid(thread, &clock) == 0)
      var time = timespec()
      clock_gettime(clock, &time)
      return sum + Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
    }
  }
}
