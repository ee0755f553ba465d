import Testing

/// Health, information and the description of the API.
struct OperationTests {
  @Test(arguments: ["/livez", "/readyz", "/healthz"]) func `A ready server says ok`(_ path: String) throws {
    let reply = try ServerProcess.shared.ask(HTTPRequest("GET", path))
    #expect(reply.status == 200 && reply.text == "ok\n")
    #expect(reply.header("Content-Type")?.hasPrefix("text/plain") == true)
    let head = try ServerProcess.shared.ask(HTTPRequest("HEAD", path))
    #expect(head.status == 200 && head.body.isEmpty && head.header("Content-Length") == "3")
  }

  @Test(arguments: ["/readyz?verbose", "/healthz?verbose=true"]) func `Verbose health counts requests`(
    _ path: String
  ) throws {
    let text = try ServerProcess().ask(HTTPRequest("GET", path)).text
    #expect(text.hasPrefix("ready\n") && text.contains(": 0 of 1024\n"), "\(text)")
  }

  @Test func `The information has the limits in force`() throws {
    let server = try ServerProcess([
      "--max-body=12345", "--max-requests=7", "--max-queued-bytes=99999", "--workers=3",
      "--request-deadline=9",
      "--max-connections=77",
    ])
    let info = try server.ask(HTTPRequest("GET", "/v1/info")).json
    #expect(info["name"] == "hausdorffd" && info["version"].text != nil)
    #expect(["avx512", "avx2", "portable"].contains(info["kernels"].text ?? ""))
    let expected: [(String, JSON)] = [
      ("body_bytes", 12345), ("requests", 7), ("queued_bytes", 99999), ("workers", 3),
      ("deadline_seconds", 9),
      ("connections", 77), ("head_bytes", 16384), ("metrics", 64), ("values", 65_536),
    ]
    for (name, value) in expected { #expect(info["limits"][name] == value, "\(name)") }
  }

  @Test func `The description is the file at the package's root`() throws {
    let reply = try ServerProcess.shared.ask(HTTPRequest("GET", "/openapi.yaml"))
    #expect(reply.header("Content-Type") == "application/yaml")
    #expect(try reply.body == readFile("\(Executable.root)/openapi.yaml"))
  }

  @Test func `A Request-Id comes back, and there is one without it`() throws {
    let sent = try ServerProcess.shared.ask(HTTPRequest("GET", "/livez", headers: ["Request-Id: abc-123"]))
    #expect(sent.header("Request-Id") == "abc-123")
    let unsafe = try ServerProcess.shared.ask(HTTPRequest("GET", "/livez", headers: ["Request-Id: a b"]))
    #expect(unsafe.header("Request-Id")?.isEmpty == false && unsafe.header("Request-Id") != "a b")
  }
}
