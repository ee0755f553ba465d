import Glibc
import Testing

@testable import HTTPServer

struct BodyTests {
  let server: TestServer
  let client: Client

  init() throws {
    server = try TestServer {
      $0.bodyLimit = 4 << 20
      $0.serverName = "test"
    }
    client = try Client(port: server.port)
  }

  @Test(arguments: [0, 1, 63, 64, 4096, 32_768, 131_072, 1_048_576, 1_048_577, 4 << 20])
  func `A body comes through`(_ count: Int) throws {
    let body = pattern(count)
    for path in ["/echo", "/echo/later"] {
      client.send(post(path, body))
      let reply = try client.reply()
      #expect(reply.status == 200)
      #expect(reply.body == body)
      #expect(reply.header("Server") == "test")
    }
  }

  @Test(arguments: ["/echo", "/echo/later"])
  func `A chunked body comes through`(_ path: String) throws {
    let body = pattern(300_000)
    client.send(chunkedHead(path))
    var start = 0
    for size in [1, 2, 15, 16, 4096, 65_536, 200_000, 300_000] where start < body.count {
      let chunk = body[start..<min(body.count, start + size)]
      client.send(
        Array((String(chunk.count, radix: 16, uppercase: size.isMultiple(of: 2)) + ";name=value\r\n").utf8))
      client.send(Array(chunk))
      client.send("\r\n")
      start += chunk.count
    }
    client.send("0\r\nTrailer: x\r\n\r\n" + get("/hello"))
    #expect(try client.reply().body == body)
    #expect(try client.reply().text == "hello")
  }

  @Test func `A chunked body may come byte by byte`() throws {
    for byte in (chunkedHead("/echo") + "5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n").utf8 { client.send([byte]) }
    #expect(try client.reply().text == "hello world")
  }

  @Test func `An empty chunked body is empty`() throws {
    client.send(chunkedHead("/echo") + "0\r\n\r\n")
    let reply = try client.reply()
    #expect(reply.status == 200 && reply.body.isEmpty)
  }

  @Test func `Expect is answered 100 when the request is admitted`() throws {
    client.send(
      "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Type: application/octet-stream\r\nContent-Length: 5\r\n"
        + "Expect: 100-continue\r\n\r\n")
    #expect(try client.reply().status == 100)
    client.send("hello")
    #expect(try client.reply().text == "hello")
  }

  @Test(arguments: [
    ("/refused", "5", 429), ("/nowhere", "5", 404), ("/echo", "99999999", 413), ("/small", "1001", 413),
  ])
  func `A refusal comes instead of the 100`(_ path: String, _ length: String, _ status: Int) throws {
    client.send(
      "POST \(path) HTTP/1.1\r\nHost: a\r\nContent-Type: application/octet-stream\r\nContent-Length: \(length)\r\n"
        + "Expect: 100-continue\r\n\r\n")
    let reply = try client.reply()
    #expect(reply.status == status)
    #expect(reply.header("Connection") == "close")
    #expect(client.isClosed())
  }

  @Test func `A long body that is refused by its head lets the client read why`() throws {
    for length in [8 << 20, 200 << 20] {
      let client = try Client(port: server.port)
      client.send(
        "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Type: application/octet-stream\r\nContent-Length: \(length)\r\n\r\n"
      )
      // Sends on without looking, as simple clients do.
      #expect(client.send([UInt8](repeating: 7, count: 8 << 20)))
      let reply = try client.reply()
      #expect(reply.status == 413)
      #expect(reply.text.contains("4194304"))
      #expect(client.isClosed())
    }
  }

  @Test(arguments: [0, 1, 1000, 65_536]) func `A refusal with a small body keeps the connection`(_ count: Int)
    throws
  {
    client.send(post("/refused", pattern(count)) + Array(get("/hello").utf8))
    let reply = try client.reply()
    #expect(reply.status == 429)
    #expect(reply.header("Retry-After") == "7")
    #expect(try client.reply().text == "hello")
  }

  @Test func `A refusal with a longer body closes`() throws {
    client.send(post("/refused", pattern(65_537)))
    let reply = try client.reply()
    #expect(reply.status == 429)
    #expect(reply.header("Connection") == "close")
    #expect(client.isClosed())
  }

  @Test func `A small chunked body of a refusal is dropped`() throws {
    client.send(chunkedHead("/refused") + "5\r\nhello\r\n0\r\n\r\n" + get("/hello"))
    #expect(try client.reply().status == 429)
    #expect(try client.reply().text == "hello")
  }

  @Test func `A chunked body beyond the limit is answered 413 in its middle`() throws {
    client.send(chunkedHead("/echo", "Request-Id: mine\r\n") + "800000\r\n")
    #expect(client.send([UInt8](repeating: 7, count: 8 << 20)))
    let reply = try client.reply()
    #expect(reply.status == 413)
    #expect(reply.header("Connection") == "close")
    #expect(reply.header("Request-Id") == "mine")
    #expect(reply.header("Content-Type") == "application/problem+json")
    #expect(client.isClosed())
  }

  @Test func `A chunked body just beyond the limit keeps the connection`() throws {
    client.send(chunkedHead("/small") + "3e9\r\n")
    client.send([UInt8](repeating: 7, count: 1001))
    client.send("\r\n0\r\n\r\n" + get("/hello"))
    #expect(try client.reply().status == 413)
    #expect(try client.reply().text == "hello")
  }

  @Test(arguments: [
    "OPTIONS /hello", "GET /hello", "POST /jobs/1/cancel", "DELETE /jobs/1", "PUT /nowhere", "POST /refused",
  ])
  func `An endless body that nobody asked for is refused`(_ line: String) throws {
    client.send(
      "\(line) HTTP/1.1\r\nHost: a\r\nContent-Type: application/octet-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
        + "800000\r\n")
    #expect(client.send([UInt8](repeating: 7, count: 8 << 20)))
    let reply = try client.reply()
    #expect([413, 404, 429].contains(reply.status))
    #expect(reply.header("Content-Type") == "application/problem+json")
    #expect(client.isClosed())
  }

  @Test func `A body that nobody asked for is dropped`() throws {
    client.send("POST /jobs/1/cancel HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello")
    #expect(try client.reply().text == "0")
    client.send("GET /hello HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n0\r\n\r\n")
    #expect(try client.reply().text == "hello")
    client.send("POST /jobs/1/cancel HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\n")
    #expect(try client.reply().status == 413)
    #expect(client.isClosed())
  }

  @Test func `Admission is asked for what is declared and gives it back`() throws {
    client.send(post("/admitted", pattern(5000)))
    #expect(try client.reply().body.count == 5000)
    #expect(eventually { server.admissions.isEverythingGivenBack })
    #expect(server.admissions.values.withLock { $0.made } == 1)
    server.admissions.values.withLock { $0.limit = 1000 }
    client.send(post("/admitted", pattern(1001)) + Array(get("/hello").utf8))
    let reply = try client.reply()
    #expect(reply.status == 503)
    #expect(reply.header("Retry-After") == "1")
    #expect(try client.reply().text == "hello")
    #expect(eventually { server.admissions.isEverythingGivenBack })
  }

  @Test func `Admission is asked again as a chunked body grows`() throws {
    server.admissions.values.withLock { $0.limit = 1 << 20 }
    client.send(chunkedHead("/admitted") + "80000\r\n")
    client.send(pattern(0x80000))
    client.send("\r\n0\r\n\r\n")
    #expect(try client.reply().body.count == 0x80000)
    client.send(chunkedHead("/admitted") + "200000\r\n")
    client.send(pattern(0x200000))
    #expect(try client.reply().status == 503)
    #expect(eventually { server.admissions.isEverythingGivenBack })
  }

  @Test func `A lying length and a client that vanishes free everything`() throws {
    for reset in [false, true] {
      let client = try Client(port: server.port)
      client.send(post("/admitted", pattern(100)).replacing("100".utf8, with: "4000000".utf8))
      #expect(eventually { server.admissions.values.withLock { $0.reserved == 64 << 10 } })
      if reset { client.reset() }
      withExtendedLifetime(client) {}
    }
    #expect(eventually { server.admissions.isEverythingGivenBack && server.server.activeRequestCount == 0 })
  }

  @Test func `Declared bytes that do not come take no memory`() throws {
    let before = try residentPages()
    let clients = try (0..<200).map { _ in try Client(port: server.port) }
    for client in clients {
      client.send(post("/admitted", [1, 2, 3]).replacing("3".utf8, with: "4000000".utf8))
    }
    #expect(eventually { server.admissions.values.withLock { $0.open == 200 } })
    // 200 times 4 MB would be 195,000 pages. What tests beside this one take is a part of the bound.
    #expect(try residentPages() - before < 100_000)
    withExtendedLifetime(clients) {}
  }

  @Test func `Zeroed padding follows the last byte`() throws {
    for count in [1, 40_000, 100] {
      let collector = BodyCollector(length: count, limit: count)
      try [UInt8](repeating: 255, count: count).withUnsafeBytes { try collector.append($0, nil) }
      let body = collector.finish()
      #expect(body.count == count && body.paddingCount >= 64)
      let padding = UnsafeRawBufferPointer(start: body.address + count, count: body.paddingCount)
      #expect(padding.allSatisfy { $0 == 0 })
      body.withBytes { #expect($0.byteCount == count) }
    }
  }

  @Test func `A body can be written in place`() {
    let body = Body(capacity: 8) { output in
      output.append(7, as: UInt8.self)
      output.append(8, as: UInt8.self)
    }
    #expect(body.count == 2)
    body.withBytes { bytes in #expect(bytes.unsafeLoad(fromByteOffset: 1, as: UInt8.self) == 8) }
  }

  private func chunkedHead(_ path: String, _ headers: String = "") -> String {
    "POST \(path) HTTP/1.1\r\nHost: a\r\nContent-Type: application/octet-stream\r\nTransfer-Encoding: chunked\r\n\(headers)\r\n"
  }
}

/// Pages of memory that the process has resident, from /proc/self/statm.
private func residentPages() throws -> Int {
  let file = try #require(fopen("/proc/self/statm", "r"))
  defer { fclose(file) }
  var line = [CChar](repeating: 0, count: 256)
  fgets(&line, 256, file)
  let text = line.withUnsafeBufferPointer { String(cString: $0.baseAddress!) }
  return try #require(Int(text.split(separator: " ")[1]))
}
