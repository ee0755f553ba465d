import Testing

@testable import UNet

/// Messages beside the bytes that the encoding's description gives for them.
struct ProtocolBufferTests {
  private func bytes(_ message: ProtocolBuffer) throws -> [UInt8] {
    let folder = try TemporaryFolder()
    try AtomicFile.write(to: folder.path("message")) { (file) throws(UNetError) in try message.write(to: file)
    }
    let bytes = folder.read("message")
    #expect(message.count == bytes.count)
    return bytes
  }

  @Test(
    arguments: [
      (1, 0, [0x08, 0x00]), (1, 127, [0x08, 0x7F]), (1, 128, [0x08, 0x80, 0x01]),
      (1, 150, [0x08, 0x96, 0x01]),
      (16, 1, [0x80, 0x01, 0x01]), (1, -1, [0x08] + [UInt8](repeating: 0xFF, count: 9) + [0x01]),
      (1, .max, [0x08] + [UInt8](repeating: 0xFF, count: 8) + [0x7F]),
    ] as [(Int, Int, [UInt8])])
  func `An integer takes seven bits a byte`(_ field: Int, _ value: Int, _ expected: [UInt8]) throws {
    #expect(try bytes(ProtocolBuffer { $0.integer(field, value) }) == expected)
  }

  @Test func `Texts, numbers and messages say their length`() throws {
    let message = ProtocolBuffer { message in
      message.text(2, "testing")
      message.message(3, ProtocolBuffer { $0.integer(1, 150) })
      message.message(3, ProtocolBuffer())
      message.integers(4, [3, 270])
    }
    #expect(
      try bytes(message)
        == [0x12, 0x07] + Array("testing".utf8) + [
          0x1A, 0x03, 0x08, 0x96, 0x01, 0x1A, 0x00, 0x20, 0x03, 0x20, 0x8E, 0x02,
        ])
    let numbers = ProtocolBuffer { $0.bytes(1, [1, -2] as [Float]) }
    let inner: [UInt8] = [0x0A, 0x08, 0, 0, 0x80, 0x3F, 0, 0, 0, 0xC0]
    #expect(try bytes(numbers) == inner)
    let outer = ProtocolBuffer { message in
      message.message(1, numbers)
      message.message(2, numbers)
    }
    #expect(try bytes(outer) == [0x0A, 0x0A] + inner + [0x12, 0x0A] + inner)
  }
}
