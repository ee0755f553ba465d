import Testing

/// Resident memory of the server; not with a sanitizer, which takes memory of its own.
@Suite(.disabled(if: Executable.isSanitized))
struct MemoryTests {
  @Test func `An idle server takes less than 40 MB`() throws {
    let server = try ServerProcess()
    #expect(try server.ask(HTTPRequest("GET", "/readyz")).status == 200)
    let memory = try server.residentMemory()
    #expect(memory < 40_000_000, "\(memory) bytes")
  }

  @Test func `A file of a kilobyte that says it is 60,000 by 60,000 takes no memory`() throws {
    let server = try ServerProcess()
    let file = BadFileTests.png(width: 60_000, height: 60_000)
    #expect(file.count < 1024)
    let before = try server.residentMemory()
    for _ in 0..<20 { expectProblem(try server.ask(.score(files: file, file)), 413, .parameter("y_true")) }
    #expect(try server.residentMemory() < before + 32 << 20)
  }

  @Test func `A list that unpacks to a gigabyte takes the memory of the pairs being scored`() throws {
    let server = try ServerProcess(["--workers=2"])
    let before = try server.residentMemory()
    let empty = #"{"rle":{"size":[3000,3000],"counts":[9000000]}}"#
    let pair = #"{"y_true":\#(empty),"y_pred":\#(empty)}"#
    let pairs = Array(repeating: pair, count: 60).joined(separator: ",")
    let reply = try server.ask(.score(json: #"{"pairs":[\#(pairs)],"metrics":"dice"}"#))
    #expect(reply.status == 200 && reply.json["items"].count == 60, "\(reply.status)")
    #expect(reply.json["items"][59]["empty"] == "both")
    let peak = try server.residentMemory(peak: true)
    #expect(peak < before + 200_000_000, "\(before), then \(peak) bytes")
  }

  @Test func `Hostile uploads leave no memory behind`() throws {
    let server = try ServerProcess()
    let before = try server.residentMemory()
    let mask = TestMask(random: [64, 64], seed: 2)
    let hostile: [[UInt8]] = [
      HTTPRequest.score(json: "{\"y_true\":" + String(repeating: "[", count: 3_000_000)).bytes,
      HTTPRequest.score(json: "{\"metrics\":[" + String(repeating: "1,", count: 2_000_000)).bytes,
      HTTPRequest.score(json: "{\"y_true\":[" + String(repeating: "[1],", count: 1_000_000)).bytes,
      HTTPRequest.score(query: "shape=2000,2000", octets: [UInt8](repeating: 1, count: 7_999_999)).bytes,
      HTTPRequest.score(
        query: "shape=1000,1000&dtype=float64", octets: [UInt8](repeating: 0xFF, count: 16_000_000)
      ).bytes,
      HTTPRequest.score(
        files: mask.png + [UInt8](repeating: 0, count: 4_000_000), Array(mask.png.dropLast(20))
      ).bytes,
      HTTPRequest.score(files: [UInt8](repeating: 0x93, count: 4_000_000), mask.npy()).bytes,
      // A client that is gone before its end.
      HTTPRequest.score(query: "shape=2000,2000", octets: [UInt8](repeating: 1, count: 8_000_000)).bytes
        .dropLast(),
    ]
    func upload() throws {
      for (index, bytes) in hostile.enumerated() {
        let client = try RawClient(port: server.port)
        client.resetAtEnd()
        client.send(bytes)
        if index < hostile.count - 1 {
          let reply = try client.reply()
          #expect((400...422).contains(reply.status), "\(index): \(reply)")
        }
      }
    }
    for _ in 0..<10 { try upload() }
    #expect(try eventually { try server.requestCount() == 0 })
    // Blocks kept for bodies, and slack of the allocator: bounded, and full by now.
    let first = try server.residentMemory()
    #expect(first < before + 128_000_000, "\(before), then \(first) bytes")
    for _ in 0..<10 { try upload() }
    #expect(try eventually { try server.requestCount() == 0 })
    let second = try server.residentMemory()
    #expect(second < first + 24_000_000, "\(before), then \(first), then \(second) bytes")
    try server.expectService()
  }
}
