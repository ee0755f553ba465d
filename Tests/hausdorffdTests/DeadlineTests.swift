import Testing

/// Clients that send too slowly. The tests wait for what the server does, however long that takes.
struct DeadlineTests {
  @Test func `A body that does not come in time is answered 408 and gives its place back`() throws {
    let server = try ServerProcess(["--body-deadline=1"])
    let client = try RawClient(port: server.port)
    client.send(
      HTTPRequest.score(query: "shape=20,20", octets: [UInt8](repeating: 1, count: 800)).bytes.dropLast())
    expectProblem(try client.reply(), 408, .none)
    #expect(client.closesInTheEnd())
    #expect(try eventually { try server.requestCount() == 0 })
    try server.expectService()
  }

  @Test(arguments: ["", "POST /v1/sc", "POST /v1/score HTTP/1.1\r\nHost: test\r\nContent-Ty"])
  func `A head that does not come in time ends the connection`(_ start: String) throws {
    let server = try ServerProcess(["--head-deadline=1"])
    let client = try RawClient(port: server.port)
    client.send(start)
    #expect(client.closesInTheEnd())
    try server.expectService()
  }
}
