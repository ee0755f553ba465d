import TestSupport
import Testing

/// What the server refuses because there is too much of it, before it reads the body.
struct LimitTests {
  private static let octets = ["Content-Type: application/octet-stream"]

  private func head(_ length: String, _ more: [String] = []) -> String {
    let lines = ["POST /v1/score?shape=100,100 HTTP/1.1", "Host: test"] + Self.octets + [length] + more
    return lines.joined(separator: "\r\n") + "\r\n\r\n"
  }

  @Test func `A body over the limit is refused at its head`() throws {
    let server = try ServerProcess(["--max-body=1000"])
    let client = try RawClient(port: server.port)
    client.send(head("Content-Length: 5000000"))
    expectProblem(try client.reply(), 413, .none)
    let expecting = try RawClient(port: server.port)
    expecting.send(head("Content-Length: 1001", ["Expect: 100-continue"]))
    expectProblem(try expecting.reply(), 413, .none)
    let chunked = try RawClient(port: server.port)
    chunked.send(head("Transfer-Encoding: chunked"))
    chunked.send("400\r\n\(String(repeating: "x", count: 1024))\r\n0\r\n\r\n")
    expectProblem(try chunked.reply(), 413, .none)
    let fitting = try server.ask(
      .score(query: "shape=20,25&metrics=dice", octets: [UInt8](repeating: 1, count: 1000)))
    #expect(fitting.json["loss"] == 1)
    try server.expectService()
  }

  @Test func `A declared size over the limit is refused, however small the body`() throws {
    let server = try ServerProcess(["--max-body=100000"])
    let array = #"{"shape":[400,400],"dtype":"uint8","data":"AAAA"}"#
    expectProblem(
      try server.ask(.score(json: #"{"y_true":\#(array),"y_pred":\#(array)}"#)), 413, .pointer("/y_true"))
    let png = PNGFile(width: 400, height: 400, rows: [0]).bytes
    expectProblem(try server.ask(.score(files: png, png)), 413, .parameter("y_true"))
    try server.expectService()
  }

  @Test func `What can never have its room is 413, where it is unpacked first, too`() throws {
    let points = 100 * 100
    var request = HTTPRequest.score(
      query: "shape=100,100&dtype=float32&losses=dice_loss",
      octets: deflated([UInt8](repeating: 0, count: 8 * points)))
    request.headers.append("Content-Encoding: gzip")
    request = .loss(request)
    let narrow = try ServerProcess(["--max-queued-bytes=\(9 * points)"])
    let refused = try narrow.ask(request)
    expectProblem(refused, 413, .none)
    let words = try #require(refused.json["detail"].text).split(separator: " ").compactMap { Int($0) }
    let needed = words[0] + words[1]
    #expect(words[1] > 8 * points)
    for (limit, status) in [(needed - 1, 413), (needed, 200)] {
      let server = try ServerProcess(["--max-queued-bytes=\(limit)"])
      #expect(try server.ask(request).status == status, "with room for \(limit)")
    }
  }

  @Test func `A full pool refuses before the body is read, and serves when there is a place again`() throws {
    let server = try ServerProcess(["--max-requests=2"])
    var holders: [RawClient] = []
    for _ in 0..<2 {
      let holder = try RawClient(port: server.port)
      holder.send(head("Content-Length: 20000"))
      holders.append(holder)
    }
    #expect(try eventually { try server.requestCount() == 2 })
    #expect(try server.ask(HTTPRequest("GET", "/readyz")).status == 200)

    for more in [[], ["Expect: 100-continue"]] {
      let refused = try RawClient(port: server.port)
      refused.send(head("Content-Length: 20000000", more))
      let reply = try refused.reply()
      expectProblem(reply, 503, .none)
      #expect(Int(reply.header("Retry-After") ?? "") ?? 0 > 0)
    }
    let small = try server.ask(.score(query: "shape=1,2", octets: [1, 0, 0, 1]))
    expectProblem(small, 503, .none)
    #expect(small.header("Retry-After") != nil)

    holders[0].send([UInt8](repeating: 1, count: 20000))
    #expect(try holders[0].reply().status == 200)
    holders.removeAll()
    #expect(try eventually { try server.requestCount() == 0 })
    try server.expectService()
  }

  @Test func `A place in a full pool is told with 100 Continue to those who wait for it`() throws {
    let server = try ServerProcess(["--max-requests=1"])
    let client = try RawClient(port: server.port)
    client.send(head("Content-Length: 20000", ["Expect: 100-continue"]))
    #expect(try client.reply().status == 100)
    client.send([UInt8](repeating: 1, count: 20000))
    #expect(try client.reply().status == 200)
  }

  @Test func `Bodies that together are over the limit are refused`() throws {
    let server = try ServerProcess(["--max-queued-bytes=30000"])
    let holder = try RawClient(port: server.port)
    holder.send(head("Content-Length: 20000"))
    func second() throws -> HTTPReply {
      let client = try RawClient(port: server.port)
      client.send(head("Content-Length: 20000", ["Expect: 100-continue"]))
      return try client.reply()
    }
    // What is only declared keeps nobody out, what has begun to arrive does.
    #expect(try eventually { try server.requestCount() == 1 })
    #expect(try second().status == 100)
    holder.send([1])
    #expect(try eventually { try second().status == 503 })
    let reply = try second()
    expectProblem(reply, 503, .none)
    #expect(reply.header("Retry-After") != nil)
    // A body without a length is refused when it has grown too much.
    let chunked = try RawClient(port: server.port)
    chunked.send(head("Transfer-Encoding: chunked"))
    chunked.send("4e20\r\n\(String(repeating: "x", count: 20000))\r\n0\r\n\r\n")
    expectProblem(try chunked.reply(), 503, .none)
    holder.send([UInt8](repeating: 1, count: 19999))
    #expect(try holder.reply().status == 200)
    // A place is given back behind the answer.
    #expect(try eventually { try server.requestCount() == 0 })
    let again = try server.ask(
      .score(query: "shape=100,100", octets: [UInt8](repeating: 1, count: 20000)))
    #expect(again.status == 200)
  }

  @Test func `More values than a reply may hold are refused`() throws {
    let octets = [UInt8](repeating: 1, count: 2 * 600_000)
    let reply = try ServerProcess.shared.ask(
      .score(query: "shape=600000,1,1&metrics=dice,iou", octets: octets))
    expectProblem(reply, 422, .parameter("y_pred"))
    try ServerProcess.shared.expectService()
  }

  @Test func `An axis of space may be long, but not longer than distances can be measured along`() throws {
    let server = try ServerProcess.shared
    func ask(_ length: Int) throws -> HTTPReply {
      let octets = [UInt8](repeating: 1, count: 2 * length)
      return try server.ask(.score(query: "shape=\(length),1&metrics=dice", octets: octets))
    }
    #expect(try ask(70_000).json["loss"] == 1)
    #expect(try ask(1 << 22 - 1).json["loss"] == 1)
    expectProblem(try ask(1 << 22), 422, .parameter("y_pred"))
    try server.expectService()
  }
}
