import Foundation
import Testing

/// Many clients at once, and clients that go away.
struct ManyClientsTests {
  /// Two masks of one point each, at (0, 0) and (row, column) of 128 by 128.
  private func pair(_ row: Int, _ column: Int) -> [UInt8] {
    var octets = [UInt8](repeating: 0, count: 2 * 128 * 128)
    octets[0] = 1
    octets[128 * 128 + row * 128 + column] = 1
    return octets
  }

  @Test func `A thousand clients at once get each its own answer`() throws {
    let server = try ServerProcess(["--body-deadline=86400", "--request-deadline=86400"])
    let clients = try (0..<1000).map { _ in try RawClient(port: server.port) }
    // Five metrics, so that workers score them.
    let metrics = "hausdorff,average_hausdorff,hausdorff_95,dice,iou"
    // All of them have sent all but the last byte, and have a place, before the first is answered.
    for (index, client) in clients.enumerated() {
      let request = HTTPRequest.score(
        query: "shape=128,128&metrics=\(metrics)", octets: pair(index / 100, index % 100)
      ).bytes
      #expect(client.send(request.dropLast()))
    }
    #expect(try eventually { try server.requestCount() == 1000 })
    for client in clients { client.send([0]) }
    for (index, client) in clients.enumerated() {
      let (row, column) = (Double(index / 100), Double(index % 100))
      let reply = try client.reply()
      #expect(reply.status == 200, "\(reply)")
      #expect(isClose(reply.json["loss"].number, (row * row + column * column).squareRoot()))
    }
    #expect(try eventually { try server.requestCount() == 0 })
  }

  @Test(arguments: [false, true]) func `Clients that vanish in mid-body leave nothing behind`(_ resets: Bool)
    throws
  {
    let server = try ServerProcess()
    var clients: [RawClient] = []
    for count in 0..<100 {
      let client = try RawClient(port: server.port)
      if resets { client.resetAtEnd() }
      client.send(
        HTTPRequest.score(query: "shape=128,128", octets: pair(1, 1)).bytes.dropLast(1 + 300 * count))
      clients.append(client)
    }
    #expect(try eventually { try server.requestCount() == 100 })
    clients = []
    #expect(try eventually { try server.requestCount() == 0 })
    try server.expectService()
  }

  @Test func `Clients that close right behind a piece of their body leave nothing behind`() throws {
    let server = try ServerProcess(["--body-deadline=86400"])
    for _ in 0..<10 {
      try RawClient(port: server.port).send(
        HTTPRequest.score(query: "shape=128,128", octets: pair(1, 1)).bytes.dropLast())
    }
    // Where the end arrives with the last bytes, the HTTP library does not notice it by itself.
    #expect(try eventually { try server.requestCount() == 0 })
    try server.expectService()
  }

  @Test func `Clients that vanish while they are scored leave nothing behind`() throws {
    let server = try ServerProcess(["--workers=1"])
    // Noise over a million points and boundaries' percentiles: each is some milliseconds of work.
    let mask = TestMask(random: [1024, 1024], seed: 5).octets
    let request = HTTPRequest.score(
      query: "shape=1024,1024&metrics=hausdorff_95,hausdorff", octets: mask + mask.reversed()
    ).bytes
    var clients: [RawClient] = []
    for _ in 0..<40 {
      let client = try RawClient(port: server.port)
      client.resetAtEnd()
      client.send(request)
      clients.append(client)
    }
    clients = []
    #expect(try eventually { try server.requestCount() == 0 })
    try server.expectService()
  }

  @Test func `Others are served while one sends slowly and one is scored`() throws {
    let server = try ServerProcess(["--workers=2"])
    let slow = try RawClient(port: server.port)
    let bytes = HTTPRequest.score(query: "shape=128,128&metrics=hausdorff", octets: pair(3, 4)).bytes
    slow.send(bytes.prefix(500))
    for _ in 0..<50 { try server.expectService() }
    slow.send(bytes.dropFirst(500))
    #expect(try slow.reply().json["loss"] == 5)
  }
}
