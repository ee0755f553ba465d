import TestSupport
import Testing

/// Resident memory of the server; not with a sanitizer, which takes memory of its own.
@Suite(.disabled(if: Executable.isSanitized))
struct MemoryTests {
  // How much of Swift's shared libraries is resident, which the program as it is delivered has not, is up to the system.
  @Test func `An idle server takes less than 10 MB beside the files that it maps`() throws {
    let server = try ServerProcess()
    #expect(try server.ask(HTTPRequest("GET", "/readyz")).status == 200)
    let memory = try server.ownMemory()
    #expect(memory < 10_000_000, "\(memory) bytes")
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
    let peak = try server.peakMemory()
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

  /// 40 labels in blocks, each with a box of its own, or each all over the volume.
  @Test(arguments: [false, true])
  func `Many labels in a large volume take no copy each`(_ areScattered: Bool) throws {
    let shape = [128, 256, 256]
    let count = shape.reduce(1, *)
    // Little-endian uint16; the prediction is moved by a column.
    func octets(_ shift: Int) -> [UInt8] {
      [UInt8](unsafeUninitializedCapacity: 2 * count) { octets, initialized in
        for point in 0..<count {
          let (plane, row, column) = (point >> 16, point >> 8 & 255, (point + shift) & 255)
          let label =
            areScattered
            ? (plane + 3 * row + 7 * column) % 40 : plane >> 6 + 2 * (row >> 6) + 8 * (column / 52)
          octets.initializeElement(at: 2 * point, to: UInt8(label + 1))
          octets.initializeElement(at: 2 * point + 1, to: 0)
        }
        initialized = 2 * count
      }
    }
    // Each worker has the masks of one label, and what measuring them takes.
    let server = try ServerProcess(["--workers=2"])
    #expect(try server.ask(HTTPRequest("GET", "/readyz")).status == 200)
    let idle = try server.residentMemory()
    let reply = try server.ask(
      .score(
        query: "shape=128,256,256&layout=DHW&dtype=uint16&labels=all&metrics=average_hausdorff",
        octets: octets(0) + octets(1)))
    #expect(reply.json["items"].count == 40, "\(reply.text.prefix(500))")
    let more = try server.peakMemory() - idle
    // Measured 6 MiB beside the body for blocks, and 20 for labels that are everywhere: two masks of bits and some 7 MiB to
    // measure them, a worker. Both masks of all labels would take 80 MiB more if they were bits of the whole grid, 40 copies of
    // the arrays 1.3 GB, and a heap in pieces, as aligned_alloc leaves it, 40 to 140 MiB.
    let bound = 4 * count + (areScattered ? 40 : 20) << 20
    #expect(more < bound, "\(more) bytes, of which the body takes \(4 * count)")
  }

  /// A gibibyte of zeros behind `start`, in a mebibyte: a gzip member for each 64 MiB.
  private static func bomb(_ start: [UInt8] = []) -> [UInt8] {
    let member = deflated([UInt8](repeating: 0, count: 64 << 20), level: 9)
    return (start.isEmpty ? [] : deflated(start)) + (0..<16).flatMap { _ in member }
  }

  /// The header of a NIfTI file of uint8.
  private static func nifti(_ extents: [Int], offset: Float = 352) -> [UInt8] {
    var header = [UInt8](repeating: 0, count: 352)
    func put(_ value: some FixedWidthInteger, at place: Int) {
      withUnsafeBytes(of: value.littleEndian) { header.replaceSubrange(place..<place + $0.count, with: $0) }
    }
    put(Int32(348), at: 0)
    put(Int16(extents.count), at: 40)
    for axis in 0..<7 { put(Int16(axis < extents.count ? extents[axis] : 1), at: 42 + 2 * axis) }
    put(Int16(2), at: 70)
    put(Int16(8), at: 72)
    for axis in 0..<4 { put(Float(1).bitPattern, at: 76 + 4 * axis) }
    put(offset.bitPattern, at: 108)
    header.replaceSubrange(344..<348, with: Array("n+1\0".utf8))
    return header
  }

  @Test
  func `What unpacks to a thousand times its size is refused at the limit, and takes no more than that`()
    throws
  {
    let limit = 64 << 20
    let server = try ServerProcess(["--max-body=\(limit)", "--workers=2"])
    #expect(try server.ask(HTTPRequest("GET", "/readyz")).status == 200)
    let idle = try server.residentMemory()
    /// Refused, and the limit named.
    func expectLimit(_ reply: HTTPReply, _ field: Field) {
      expectProblem(reply, 413, field)
      #expect(reply.json["detail"].text?.contains("\(limit)") == true, "\(reply)")
    }
    let mask = TestMask(random: [4, 5], seed: 1)
    let bomb = Self.bomb()
    #expect(bomb.count < 1100 << 10)
    var packed = HTTPRequest.score(query: "shape=4,5&dtype_pred=float32", octets: bomb)
    var json = HTTPRequest.score(json: bomb)
    packed.headers.append("Content-Encoding: gzip")
    json.headers.append("Content-Encoding: gzip")
    let requests = [packed, .loss(packed), json, .loss(json)]
    for request in requests { try expectLimit(server.ask(request), .none) }
    // As many at once as there are workers, the others wait; unpacking more and more takes a block twice as large each time.
    let clients = try requests.map { request in
      let client = try RawClient(port: server.port)
      client.send(request.bytes)
      return client
    }
    for client in clients { try expectLimit(client.reply(), .none) }
    let first = try server.peakMemory() - idle
    #expect(first < 2 * 3 * limit, "\(first) bytes")

    // In files it is not unpacked further than the header says, and that is compared with the limit.
    for (start, status) in [
      (Self.nifti([1000, 1000, 1000]), 413), (Self.nifti([4, 5, 1], offset: 1e9), 413),
      (Self.nifti([4, 5, 1]), 400),
    ] {
      let request = HTTPRequest.score(files: Self.bomb(start), mask.npy())
      for request in [request, .loss(request)] {
        let reply = try server.ask(request)
        if status == 413 {
          expectLimit(reply, .parameter("y_true"))
        } else {
          expectProblem(reply, status, .parameter("y_true"))
        }
      }
    }
    let png = base64(BadFileTests.png(width: 60_000, height: 60_000))
    let request = HTTPRequest.score(json: #"{"y_true":{"file":"\#(png)"},"y_pred":\#(mask.json)}"#)
    for request in [request, .loss(request)] {
      try expectLimit(server.ask(request), .pointer("/y_true/file"))
    }
    #expect(try server.peakMemory() - idle < first + 16 << 20)
    try server.expectService()
  }
}
