import Glibc
import Testing

@testable import HTTPServer

/// Bodies that are kept on disk.
struct SpoolTests {
  let folder: ScratchFolder
  let server: TestServer
  let client: Client
  /// The room on the disk.
  let room = TestServer.Counters()
  static let limit = 100 << 20

  init() throws {
    folder = try ScratchFolder()
    server = try SpoolTests.server(folder.path, room)
    client = try Client(port: server.port)
    // Whoever asked for memory would be refused.
    server.admissions.values.withLock { $0.limit = 0 }
  }

  /// A server that keeps bodies in that folder.
  private static func server(_ path: String, _ room: TestServer.Counters) throws -> TestServer {
    let memory = Locked<TestServer.Counters?>(nil)
    let spool = SpoolFolder(path) { room.admission() }
    let server = try TestServer(routes: [
      Route(
        .post, "/spool", consumes: ["application/octet-stream"], produces: [], maximumBody: limit,
        spool: spool, admit: { _ in memory.withLock { $0 }?.admission() }
      ) { .now(Response(contentType: "application/octet-stream", content: .body($0.body))) },
      Route(
        .post, "/spool/count", consumes: ["application/octet-stream"], maximumBody: limit, spool: spool,
        admit: { _ in memory.withLock { $0 }?.admission() }
      ) { request in .now(.json(.text("\(request.body.count)"))) },
      Route(
        .post, "/spool/form", consumes: ["multipart/form-data"], maximumBody: limit, spool: spool
      ) { request throws(Problem) in
        try request.body.withBytes { bytes throws(Problem) in
          let parts = try Multipart.parts(of: bytes, contentType: request.head.contentType)
          return .now(.json(.text(parts.map { "\($0.name):\($0.range.count)" }.joined(separator: " "))))
        }
      },
    ]) { $0.bodyLimit = 1 << 20 }
    memory.withLock { $0 = server.admissions }
    return server
  }

  private var nothingIsLeft: Bool {
    room.isEverythingGivenBack && folder.openCount == 0 && folder.entries.isEmpty
      && server.server.activeRequestCount == 0
  }

  private func chunkedHead(_ path: String) -> String {
    "POST \(path) HTTP/1.1\r\nHost: a\r\nContent-Type: application/octet-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
  }

  @Test(arguments: [false, true]) func `A long body comes through and takes no memory`(_ isChunked: Bool)
    throws
  {
    let body = pattern(64 << 20)
    if isChunked {
      client.send(chunkedHead("/spool"))
      for start in stride(from: 0, to: body.count, by: 1_000_000) {
        let chunk = body[start..<min(body.count, start + 1_000_000)]
        client.send(Array((String(chunk.count, radix: 16) + "\r\n").utf8) + chunk + Array("\r\n".utf8))
      }
      client.send("0\r\n\r\n")
    } else {
      client.send(post("/spool", body))
    }
    let head = try client.reply()
    #expect(head.status == 200)
    #expect(head.body == body)
    #expect(eventually { nothingIsLeft })
    #expect(room.values.withLock { $0.made } == 1)
  }

  @Test func `A body of any length is whole`() throws {
    for count in [0, 1, 4095, 4096, 4097, 1 << 20] {
      let body = pattern(count)
      client.send(post("/spool", body))
      #expect(try client.reply().body == body)
    }
    client.send(chunkedHead("/spool") + "0\r\n\r\n")
    #expect(try client.reply().body.isEmpty)
    client.send(get("/hello"))
    #expect(try client.reply().text == "hello")
    #expect(eventually { nothingIsLeft })
  }

  @Test(arguments: [1, 63, 4032, 4033, 4095, 4096, 4097, 8192, 1 << 20])
  func `Zeroed padding follows the last byte, also at the end of a page`(_ count: Int) throws {
    let collector = try SpoolCollector(SpoolFolder(folder.path), length: nil, limit: 1 << 20)
    try [UInt8](repeating: 255, count: count).withUnsafeBytes { bytes in
      try collector.append(UnsafeRawBufferPointer(rebasing: bytes[..<(count / 2)]), nil)
      try collector.append(UnsafeRawBufferPointer(rebasing: bytes[(count / 2)...]), nil)
    }
    let body = try collector.finish()
    #expect(body.count == count && body.paddingCount >= 64)
    let bytes = UnsafeRawBufferPointer(start: body.address, count: count + body.paddingCount)
    #expect(bytes[..<count].allSatisfy { $0 == 255 } && bytes[count...].allSatisfy { $0 == 0 })
    body.withBytes { #expect($0.byteCount == count) }
  }

  @Test func `A file system without nameless files has them unlinked`() throws {
    let descriptor = try SpoolCollector.openUnlinked(folder.path)
    #expect(folder.entries.isEmpty && folder.openCount == 1)
    #expect(fcntl(descriptor, F_GETFD) & FD_CLOEXEC != 0)
    close(descriptor)
  }

  @Test func `The route's limit holds for a declared length`() throws {
    client.send(post("/spool", [1]).replacing(": 1\r".utf8, with: ": \(SpoolTests.limit + 1)\r".utf8))
    let reply = try client.reply()
    #expect(reply.status == 413 && reply.text.contains("\(SpoolTests.limit)"))
    #expect(room.values.withLock { $0.made } == 0)
  }

  @Test func `The route's limit holds for a chunked body`() throws {
    let small = SpoolFolder(folder.path)
    let server = try TestServer(routes: [
      Route(.post, "/short", consumes: ["application/octet-stream"], maximumBody: 2 << 20, spool: small) {
        _ in .now(Response())
      }
    ])
    let client = try Client(port: server.port)
    client.send(chunkedHead("/short") + "400000\r\n")
    client.send([UInt8](repeating: 7, count: 4 << 20))
    let reply = try client.reply()
    #expect(reply.status == 413 && reply.text.contains("\(2 << 20)"))
    #expect(client.isClosed())
    #expect(eventually { folder.openCount == 0 })
  }

  @Test func `A declared length without room is refused at its head`() throws {
    room.values.withLock { $0.limit = 5 << 20 }
    for expectation in ["", "Expect: 100-continue\r\n"] {
      let client = try Client(port: server.port)
      client.send(
        "POST /spool HTTP/1.1\r\nHost: a\r\nContent-Type: application/octet-stream\r\n"
          + "Content-Length: \(6 << 20)\r\n\(expectation)\r\n")
      let reply = try client.reply()
      #expect(reply.status == 507 && reply.text.contains("There is no room on the disk"))
      #expect(reply.header("Content-Type") == "application/problem+json")
      #expect(client.isClosed())
    }
    client.send(post("/spool", pattern(5 << 20)))
    #expect(try client.reply().status == 200)
    #expect(eventually { nothingIsLeft })
  }

  @Test func `Room is reserved as bytes arrive, and refused in their middle`() throws {
    room.values.withLock { $0.limit = 5 << 20 }
    let client = try Client(port: server.port)
    client.send(chunkedHead("/spool/count") + "600000\r\n")
    client.send([UInt8](repeating: 7, count: 1_500_000))
    #expect(eventually { room.values.withLock { $0.reserved } == 2 << 20 })
    client.send([UInt8](repeating: 7, count: 6_000_000))
    let reply = try client.reply()
    #expect(reply.status == 507 && reply.header("Connection") == "close")
    #expect(client.isClosed())
    // A declared length is never exceeded.
    let other = try Client(port: server.port)
    other.send(Array(post("/spool/count", pattern(1_500_000)).dropLast()))
    #expect(eventually { room.values.withLock { $0.reserved } == 1_500_000 })
    other.send(Array(pattern(1_500_000).suffix(1)))
    #expect(try other.reply().text == "1500000")
    #expect(eventually { nothingIsLeft })
  }

  @Test func `The room is kept as long as the body`() throws {
    let collector = try SpoolCollector(
      SpoolFolder(folder.path) { [room] in room.admission() }, length: 5000, limit: 5000)
    try pattern(5000).withUnsafeBytes { try collector.append($0, nil) }
    var body: Body? = try collector.finish()
    #expect(body?.count == 5000)
    withExtendedLifetime(consume collector) {}
    #expect(room.values.withLock { $0.reserved == 5000 && $0.open == 1 })
    body = nil
    #expect(room.isEverythingGivenBack && body == nil && folder.openCount == 0)
  }

  @Test(arguments: [false, true]) func `A client that vanishes in its body leaves nothing`(_ reset: Bool)
    throws
  {
    do {
      let client = try Client(port: server.port)
      client.send(Array(post("/spool", pattern(3 << 20)).dropLast(1000)))
      #expect(eventually { room.values.withLock { $0.reserved } == 3 << 20 && folder.openCount == 1 })
      if reset { client.reset() }
    }
    #expect(eventually { nothingIsLeft })
  }

  @Test func `A client that is cut in its body leaves nothing`() throws {
    let spool = SpoolFolder(folder.path) { [room] in room.admission() }
    let server = try TestServer(routes: [
      Route(.post, "/spool", consumes: ["application/octet-stream"], spool: spool) { _ in .now(Response()) }
    ]) { $0.bodyDeadline = .milliseconds(200) }
    let client = try Client(port: server.port)
    client.send(Array(post("/spool", pattern(100_000)).dropLast(1000)))
    #expect(try client.reply().status == 408)
    #expect(client.isClosed())
    #expect(eventually { room.isEverythingGivenBack && folder.openCount == 0 })
  }

  @Test func `Stopping in the middle of a body leaves nothing`() throws {
    client.send(Array(post("/spool", pattern(3 << 20)).dropLast(1000)))
    #expect(eventually { room.values.withLock { $0.reserved } == 3 << 20 })
    server.server.stop(gracePeriod: .zero)
    #expect(nothingIsLeft)
  }

  @Test func `A form is parsed where it lies`() throws {
    let file = pattern(5 << 20)
    let start = "--XX\r\nContent-Disposition: form-data; name=\"a\"; filename=\"b\"\r\n\r\n"
    let end = "\r\n--XX\r\nContent-Disposition: form-data; name=\"c\"\r\n\r\nvalue\r\n--XX--\r\n"
    let body = Array(start.utf8) + file + Array(end.utf8)
    client.send(
      Array(
        "POST /spool/form HTTP/1.1\r\nHost: a\r\nContent-Type: multipart/form-data; boundary=XX\r\nContent-Length: \(body.count)\r\n\r\n"
          .utf8) + body)
    #expect(try client.reply().text == "a:\(file.count) c:5")
    #expect(eventually { nothingIsLeft })
  }

  @Test func `A folder that is missing is an error that names the call, not the path`() throws {
    let server = try SpoolTests.server("\(folder.path)/none", room)
    let client = try Client(port: server.port)
    client.send(post("/spool", pattern(10)) + Array(get("/hello").utf8))
    let reply = try client.reply()
    #expect(reply.status == 500 && reply.text.contains("open: No such file"))
    #expect(!reply.text.contains(folder.path))
    #expect(try client.reply().text == "hello")
    #expect(eventually { room.isEverythingGivenBack })
  }

  @Test(arguments: [
    (ENOSPC, 507), (EDQUOT, 507), (EFBIG, 507), (EMFILE, 503), (ENFILE, 503), (ENOMEM, 503), (EIO, 500),
  ])
  func `Errors of the system have their status`(_ code: Int32, _ status: Int) {
    let problem = Problem(ServerError(function: "write", code: code))
    #expect(problem.status == status)
    #expect((problem.headers["Retry-After"] != nil) == (status == 503))
    if status == 500 { #expect(problem.detail?.contains("write: Input/output error") == true) }
  }

  @Test func `A file at the limit of its size is answered 507, and the process lives on`() async {
    await #expect(processExitsWith: .success) {
      let folder = try ScratchFolder()
      let server = try SpoolTests.server(folder.path, TestServer.Counters())
      var limits = rlimit(rlim_cur: 1 << 20, rlim_max: .max)
      try #require(setrlimit(__rlimit_resource_t(1), &limits) == 0)  // RLIMIT_FSIZE
      let client = try Client(port: server.port)
      client.send(post("/spool", [UInt8](repeating: 7, count: 2 << 20)))
      #expect(try client.reply().status == 507)
      #expect(eventually { folder.openCount == 0 })
    }
  }

  @Test func `A route that spools consumes something`() async {
    await #expect(processExitsWith: .failure) {
      _ = Route(.post, "/a", spool: SpoolFolder("/tmp")) { _ in .now(Response()) }
    }
  }

  /// Whether a test may mount a small file system, which takes a privileged user.
  private static let mayMount: Bool = {
    guard let folder = try? ScratchFolder(), mount("tmpfs", folder.path, "tmpfs", 0, "size=1m") == 0 else {
      return false
    }
    return umount2(folder.path, Int32(MNT_DETACH)) == 0
  }()

  @Test(.enabled(if: mayMount), arguments: [false, true])
  func `A full disk is answered 507`(_ isChunked: Bool) throws {
    let disk = try ScratchFolder()
    #expect(mount("tmpfs", disk.path, "tmpfs", 0, "size=4m") == 0)
    defer { umount2(disk.path, Int32(MNT_DETACH)) }
    let server = try SpoolTests.server(disk.path, room)
    let client = try Client(port: server.port)
    let body = [UInt8](repeating: 7, count: 8 << 20)
    client.send(isChunked ? Array((chunkedHead("/spool") + "800000\r\n").utf8) + body : post("/spool", body))
    let reply = try client.reply()
    #expect(reply.status == 507 && reply.text.contains("There is no room on the disk"))
    #expect(client.isClosed())
    #expect(eventually { room.isEverythingGivenBack && disk.openCount == 0 })
    // The disk is as empty as before.
    let next = try Client(port: server.port)
    next.send(post("/spool", pattern(3 << 20)))
    #expect(try next.reply().body == pattern(3 << 20))
    #expect(eventually { disk.openCount == 0 })
  }
}
