import Glibc
import Testing

@testable import HTTPServer

/// Files as answers, and downloads by their headers.
struct FileTests {
  let folder: ScratchFolder
  let server: TestServer
  let client: Client
  static let bytes = pattern(3 << 20)
  static let small = Array("0123456789".utf8)

  init() throws {
    let folder = try ScratchFolder()
    self.folder = folder
    let big = try folder.write("big", FileTests.bytes)
    let small = try folder.write("small", FileTests.small)
    let empty = try folder.write("empty", [])
    let download: @Sendable (Request, String) throws(Problem) -> Answer = { request, path throws(Problem) in
      do throws(ServerError) {
        return .now(
          .file(
            try OpenFile(path: path), for: request.head, etag: "v1", contentType: "model/x",
            filename: request.head.query.first?.value))
      } catch {
        throw Problem(error)
      }
    }
    server = try TestServer(routes: [
      Route(.get, "/big", produces: []) { request throws(Problem) in try download(request, big) },
      Route(.get, "/small", produces: []) { request throws(Problem) in try download(request, small) },
      Route(.put, "/small", consumes: ["application/octet-stream"]) { request throws(Problem) in
        try download(request, small)
      },
      Route(.get, "/empty", produces: []) { request throws(Problem) in try download(request, empty) },
      Route(.get, "/part", produces: []) { _ throws(Problem) in
        do throws(ServerError) {
          return .now(Response(content: .file(try OpenFile(path: small), 2..<5)))
        } catch {
          throw Problem(error)
        }
      },
    ])
    client = try Client(port: server.port)
  }

  @Test func `A file comes whole, and the connection is kept`() throws {
    client.send(get("/big") + get("/empty") + get("/part") + get("/hello"))
    let reply = try client.reply()
    #expect(reply.status == 200 && reply.body == FileTests.bytes)
    #expect(reply.header("Content-Type") == "model/x")
    #expect(reply.header("ETag") == "\"v1\"")
    #expect(reply.header("Accept-Ranges") == "bytes")
    #expect(reply.header("Content-Disposition") == nil)
    let empty = try client.reply()
    #expect(empty.status == 200 && empty.header("Content-Length") == "0")
    #expect(try client.reply().text == "234")
    #expect(try client.reply().text == "hello")
    #expect(eventually { folder.openCount == 0 })
  }

  @Test func `HEAD tells the length and sends nothing, whatever range it names`() throws {
    client.send(get("/big", "Range: bytes=0-1\r\n", method: "HEAD") + get("/hello"))
    let reply = try client.reply(toHead: true)
    #expect(reply.status == 200 && reply.header("Content-Length") == "\(FileTests.bytes.count)")
    #expect(try client.reply().text == "hello")
    #expect(eventually { folder.openCount == 0 })
  }

  @Test(
    arguments: [
      ("bytes=0-0", "0", "0-0"), ("bytes=0-9", "0123456789", "0-9"), ("bytes=3-5", "345", "3-5"),
      ("bytes=3-", "3456789", "3-9"), ("bytes=9-", "9", "9-9"), ("bytes=-3", "789", "7-9"),
      ("bytes=-10", "0123456789", "0-9"), ("bytes=-99999999999999999999", "0123456789", "0-9"),
      ("bytes=8-99999999999999999999", "89", "8-9"), ("Bytes= 3-5 ", "345", "3-5"),
      ("bytes=0-18446744073709551616", "0123456789", "0-9"),
      // Passed over: malformed, of another unit, or several.
      ("bytes=5-3", "0123456789", nil), ("bytes=", "0123456789", nil), ("bytes=-", "0123456789", nil),
      ("bytes=a-b", "0123456789", nil), ("bytes=1-2,4-5", "0123456789", nil),
      ("bytes=--1", "0123456789", nil),
      ("bytes=1-2-3", "0123456789", nil), ("lines=1-2", "0123456789", nil), ("bytes 1-2", "0123456789", nil),
      ("bytes=+1-2", "0123456789", nil), ("bytes=1 - 2", "0123456789", nil), ("", "0123456789", nil),
      ("bytes=1-2\r\nRange: bytes=3-4", "0123456789", nil),
    ] as [(String, String, String?)])
  func `A range is answered 206`(_ range: String, _ text: String, _ part: String?) throws {
    client.send(get("/small", "Range: \(range)\r\n"))
    let reply = try client.reply()
    #expect(reply.status == (part == nil ? 200 : 206) && reply.text == text)
    #expect(reply.header("Content-Range") == part.map { "bytes \($0)/10" })
  }

  @Test(
    arguments: [
      ("/small", "bytes=10-"), ("/small", "bytes=10-20"), ("/small", "bytes=-0"),
      ("/small", "bytes=99999999999999999999-"), ("/empty", "bytes=0-"), ("/empty", "bytes=0-0"),
    ])
  func `A range behind the end is answered 416`(_ path: String, _ range: String) throws {
    client.send(get(path, "Range: \(range)\r\n") + get("/hello"))
    let reply = try client.reply()
    #expect(reply.status == 416)
    #expect(reply.header("Content-Range") == (path == "/small" ? "bytes */10" : "bytes */0"))
    #expect(reply.header("Content-Type") == "application/problem+json")
    #expect(try client.reply().text == "hello")
  }

  @Test func `The last bytes of an empty file are all of it`() throws {
    client.send(get("/empty", "Range: bytes=-5\r\n"))
    #expect(try client.reply().status == 200)
  }

  @Test(arguments: [
    ("If-None-Match: \"v1\"", 304), ("If-None-Match: W/\"v1\"", 304),
    ("If-None-Match: \"a\", W/\"b,\", \"v1\"", 304),
    ("If-None-Match: *", 304), ("If-None-Match: \"v2\"", 200), ("If-None-Match: v1", 200),
    ("If-None-Match: \"v1", 200), ("If-None-Match: \"a\"\r\nIf-None-Match: \"v1\"", 304),
    ("If-None-Match:", 200),
    ("If-None-Match: \"v1\"\r\nRange: bytes=1-2", 304), ("If-None-Match: \"v2\"\r\nRange: bytes=1-2", 206),
    ("If-Match: \"v1\"", 200), ("If-Match: *", 200), ("If-Match: \"v2\", \"v1\"", 200),
    ("If-Match: W/\"v1\"", 412),
    ("If-Match: \"v2\"", 412), ("If-Match: nonsense", 412), ("If-Match: \"v2\"\r\nRange: bytes=99-", 412),
    ("If-Match: \"v2\"\r\nIf-None-Match: \"v1\"", 412), ("If-Match: \"v1\"\r\nIf-None-Match: \"v1\"", 304),
    ("If-Range: \"v1\"\r\nRange: bytes=1-2", 206), ("If-Range: \"v2\"\r\nRange: bytes=1-2", 200),
    ("If-Range: W/\"v1\"\r\nRange: bytes=1-2", 200), ("If-Range: *\r\nRange: bytes=1-2", 200),
    ("If-Range: Sat, 01 Jan 2050 00:00:00 GMT\r\nRange: bytes=1-2", 200),
    ("If-Range: \"v2\"\r\nRange: bytes=99-", 200), ("If-Range: \"v1\"\r\nRange: bytes=99-", 416),
  ])
  func `Conditions are kept`(_ headers: String, _ status: Int) throws {
    client.send(get("/small", headers + "\r\n") + get("/hello"))
    let reply = try client.reply(toHead: status == 304)
    #expect(reply.status == status, "\(reply)")
    if status == 304 {
      #expect(reply.header("ETag") == "\"v1\"" && reply.header("Content-Length") == "10")
    }
    #expect(try client.reply().text == "hello")
  }

  @Test func `What is not a read is answered 412 where it finds the file unchanged`() throws {
    client.send(
      "PUT /small HTTP/1.1\r\nHost: a\r\nContent-Type: application/octet-stream\r\nContent-Length: 1\r\n"
        + "If-None-Match: *\r\n\r\nx")
    #expect(try client.reply().status == 412)
  }

  @Test(arguments: [
    ("model.onnx", "attachment; filename=\"model.onnx\""),
    ("a b;c.txt", "attachment; filename=\"a b;c.txt\""),
    ("ä€.bin", "attachment; filename=\"__.bin\"; filename*=UTF-8''%C3%A4%E2%82%AC.bin"),
    ("a\"b", "attachment; filename=\"a_b\"; filename*=UTF-8''a%22b"),
    ("100%41", "attachment; filename=\"100_41\"; filename*=UTF-8''100%2541"),
    ("it's*", "attachment; filename=\"it's*\""),
    ("é'*", "attachment; filename=\"_'*\"; filename*=UTF-8''%C3%A9%27%2A"),
    ("../a\\b", "attachment; filename=\".._a_b\""), ("a\r\nX: y", "attachment; filename=\"a__X: y\""),
    ("a\u{202E}gnp.exe", "attachment; filename=\"a_gnp.exe\""), ("", "attachment"),
  ])
  func `File names are safe to send`(_ name: String, _ field: String) {
    #expect(ContentDisposition.attachment(name) == field)
  }

  @Test func `A file name goes with the download`() throws {
    client.send(get("/small?name=m.bin") + get("/small?name=m.bin", "Range: bytes=1-2\r\n"))
    #expect(try client.reply().header("Content-Disposition") == "attachment; filename=\"m.bin\"")
    #expect(try client.reply().header("Content-Disposition") == "attachment; filename=\"m.bin\"")
  }

  @Test func `Only regular files are opened`() throws {
    let pipe = "\(folder.path)/pipe"
    try #require(mkfifo(pipe, 0o600) == 0)
    for (path, code) in [
      (folder.path, EINVAL), (pipe, EINVAL), ("/dev/null", EINVAL), ("\(folder.path)/none", ENOENT),
    ] {
      let error = #expect(throws: ServerError.self) { _ = try OpenFile(path: path) }
      #expect(error?.code == code, "\(path)")
    }
  }

  @Test func `Ranges reach beyond 4 GiB`() throws {
    let path = try folder.write("sparse", [])
    try #require(truncate(path, 5 << 30) == 0)
    let file = try OpenFile(path: path)
    let server = try TestServer(routes: [
      Route(.get, "/sparse", produces: []) {
        .now(.file(file, for: $0.head, etag: "v1", contentType: "a/b"))
      }
    ])
    let client = try Client(port: server.port)
    client.send(
      get("/sparse", "Range: bytes=4294967300-4294967302\r\n") + get("/sparse", method: "HEAD")
        + get("/sparse", "Range: bytes=-2\r\n"))
    let reply = try client.reply()
    #expect(reply.status == 206 && reply.body == [0, 0, 0])
    #expect(reply.header("Content-Range") == "bytes 4294967300-4294967302/5368709120")
    #expect(try client.reply(toHead: true).header("Content-Length") == "5368709120")
    #expect(try client.reply().header("Content-Range") == "bytes 5368709118-5368709119/5368709120")
  }

  @Test func `An answer that cannot be made is answered 500 and leaves no descriptor open`() throws {
    let path = "\(folder.path)/big"
    let server = try TestServer(routes: [
      Route(.get, "/split", produces: []) { _ throws(Problem) in
        do throws(ServerError) {
          return .now(Response(headers: ["X": "a\r\nb"], content: .file(try OpenFile(path: path))))
        } catch {
          throw Problem(error)
        }
      }
    ])
    let client = try Client(port: server.port)
    client.send(get("/split") + get("/hello"))
    #expect(try client.reply().status == 500)
    #expect(try client.reply().text == "hello")
    #expect(eventually { folder.openCount == 0 })
  }

  @Test func `Without a free descriptor the answer is 503`() async {
    await #expect(processExitsWith: .success) {
      let folder = try ScratchFolder()
      let file = try OpenFile(path: try folder.write("file", [1, 2, 3]))
      let spool = SpoolFolder(folder.path)
      let server = try TestServer(routes: [
        Route(.get, "/file", produces: []) { _ in .now(Response(content: .file(file))) },
        Route(.post, "/spool", consumes: ["application/octet-stream"], spool: spool) { request in
          .now(.json(.text("\(request.body.count)")))
        },
      ])
      let client = try Client(port: server.port)
      client.send(get("/file"))
      #expect(try client.reply().body == [1, 2, 3])
      // The one that the answer had is closed a moment behind it.
      #expect(eventually { folder.openCount == 1 })
      let next = dup(0)
      close(next)
      let resource = __rlimit_resource_t(7)  // RLIMIT_NOFILE
      var limits = rlimit()
      getrlimit(resource, &limits)
      let before = limits
      limits.rlim_cur = rlim_t(next)
      setrlimit(resource, &limits)
      for request in [Array(get("/file").utf8), post("/spool", [1, 2])] {
        client.send(request)
        let reply = try client.reply()
        #expect(reply.status == 503 && reply.header("Retry-After") == "1")
      }
      limits = before
      setrlimit(resource, &limits)
      client.send(post("/spool", [1, 2]))
      #expect(try client.reply().text == "2")
    }
  }

  @Test func `Clients that go away leave no descriptor open`() throws {
    for index in 0..<20 {
      let client = try Client(port: server.port, receiveBuffer: 4096)
      client.send(get("/big"))
      if index % 2 == 0 { #expect(try client.head().status == 200) }
      client.reset()
    }
    #expect(eventually { folder.openCount == 0 && server.server.activeRequestCount == 0 })
  }

  @Test func `An answer that comes too late leaves no descriptor open`() throws {
    let file = try OpenFile(path: "\(folder.path)/big")
    client.send(get("/hold"))
    #expect(eventually { server.held.withLock { $0.count } == 1 })
    server.server.stop(gracePeriod: .zero)
    #expect(!server.takeHeld()[0].respond(Response(content: .file(file))))
    #expect(folder.openCount == 1)
  }

  @Test func `A file that is shortened meanwhile ends the connection`() throws {
    let path = "\(folder.path)/big"
    let server = try TestServer(routes: [
      Route(.get, "/shrinks") { _ throws(Problem) in
        do throws(ServerError) {
          let file = try OpenFile(path: path)
          truncate(path, 1 << 20)
          return .now(Response(content: .file(file)))
        } catch {
          throw Problem(error)
        }
      }
    ]) {
      $0.bodyDeadline = .milliseconds(200)
      $0.minimumBodyRate = 1 << 30
    }
    let client = try Client(port: server.port)
    client.send(get("/shrinks"))
    #expect(try client.head().status == 200)
    #expect(client.remainder() == Array(FileTests.bytes[..<(1 << 20)]))
    #expect(eventually { server.server.activeRequestCount == 0 })
  }
}
