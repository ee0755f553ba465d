import MaskFormats
import TestSupport
import Testing

private func decode(
  _ bytes: [UInt8], _ encoding: Compressed.Encoding = .gzip, maximumBytes: Int = 1 << 24
) throws(FormatError) -> [UInt8] {
  let source = try Compressed.decode(TestBytes(bytes, paddingCount: 0), encoding, maximumBytes: maximumBytes)
  return source.withBytes { bytes in bytes.withUnsafeBytes { Array($0) } }
}

@Suite struct CompressedTests {
  private static let wraps: [(Compressed.Encoding, Int32)] = [(.gzip, 15 + 16), (.deflate, 15)]

  /// Bytes that deflate packs neither very well nor not at all.
  private func noise(_ count: Int) -> [UInt8] { (0..<count).map { UInt8(truncatingIfNeeded: $0 * $0 >> 5) } }

  @Test(arguments: wraps.indices, [0, 1, 100, 4095, 4096, 4097, 100_000, 3_000_000])
  func `what was packed comes back, whatever its length`(_ wrap: Int, _ count: Int) throws {
    let (encoding, windowBits) = Self.wraps[wrap]
    for bytes in [noise(count), [UInt8](repeating: 7, count: count)] {
      for level: Int32 in [0, 1, 9] {
        let packed = deflated(bytes, windowBits: windowBits, level: level)
        #expect(try decode(packed, encoding) == bytes)
        #expect(try decode(packed, encoding, maximumBytes: count) == bytes)
        guard count > 0 else { continue }
        for limit in Set([count - 1, count / 2, 0]) {
          let error = failure { () throws(FormatError) in try decode(packed, encoding, maximumBytes: limit) }
          #expect(error?.kind == .tooLarge && error?.detail.contains("more than \(limit) bytes") == true)
        }
      }
    }
  }

  @Test func `several gzip members are one, and zeros may follow`() throws {
    let parts = [noise(1000), [], noise(70_000), [1]]
    let packed = parts.flatMap { deflated($0) }
    #expect(try decode(packed) == parts.flatMap { $0 })
    #expect(try decode(packed + [UInt8](repeating: 0, count: 512)) == parts.flatMap { $0 })
    let error = failure { () throws(FormatError) in try decode(packed, maximumBytes: 71_000) }
    #expect(error?.kind == .tooLarge)
  }

  @Test func `what else follows is refused`() throws {
    let bytes = noise(100)
    let gzip = deflated(bytes)
    for garbage in [[1], [0, 0, 1], [0x1F], [0x1F, 0x8B], [0x1F, 0x8B, 8, 0], gzip.dropLast()] as [[UInt8]] {
      #expect(failure { () throws(FormatError) in try decode(gzip + garbage) }?.kind == .malformed)
    }
    let zlib = deflated(bytes, windowBits: 15)
    for garbage in [[0], [1], zlib] as [[UInt8]] {
      let error = failure { () throws(FormatError) in try decode(zlib + garbage, .deflate) }
      #expect(error?.kind == .malformed && error?.detail.contains("behind the end") == true)
    }
  }

  @Test func `one encoding is not taken for another`() {
    let bytes = noise(100)
    for (windowBits, encoding) in [(15 + 16, .deflate), (15, .gzip), (-15, .deflate), (-15, .gzip)]
      as [(Int32, Compressed.Encoding)]
    {
      let packed = deflated(bytes, windowBits: windowBits)
      #expect(failure { () throws(FormatError) in try decode(packed, encoding) }?.kind == .malformed)
    }
  }

  @Test func `a dictionary that only the sender has is refused`() {
    let bytes: [UInt8] = [0x78, 0xBB, 0, 0, 0, 1, 3, 0, 0, 0, 0, 1]
    #expect(failure { () throws(FormatError) in try decode(bytes, .deflate) }?.kind == .malformed)
  }

  @Test(arguments: wraps.indices)
  func `a stream cut short is refused, and one with a bit flipped never comes out changed`(_ wrap: Int) {
    let (encoding, windowBits) = Self.wraps[wrap]
    let bytes = noise(200)
    let packed = deflated(bytes, windowBits: windowBits)
    for count in 0..<packed.count {
      let error = failure { () throws(FormatError) in try decode(Array(packed[..<count]), encoding) }
      #expect(error?.kind == .malformed && error?.detail.contains("cut short") == true, "\(count)")
    }
    for bit in 0..<packed.count * 8 {
      var flipped = packed
      flipped[bit / 8] ^= 1 << UInt8(bit % 8)
      if let found = try? decode(flipped, encoding) { #expect(found == bytes, "\(bit)") }
    }
  }

  @Test func `a bomb takes no more memory than allowed`() {
    let bomb = (0..<8).flatMap { _ in deflated([UInt8](repeating: 0, count: 1 << 24)) }
    let error = failure { () throws(FormatError) in try decode(bomb, maximumBytes: 1 << 20) }
    #expect(error?.kind == .tooLarge)
  }

  @Test func `JSON that was packed is read where it lies`() throws {
    let text = #"{"y_true":[[0,1],[1,0]]}"#
    let source = try Compressed.decode(
      TestBytes([9] + deflated(Array(text.utf8)) + [9]), range: 1..<1 + deflated(Array(text.utf8)).count,
      .gzip,
      maximumBytes: 100)
    #expect(source.paddingCount >= 64)
    #expect(try JSONRequest.parse(source, arrayNames: ["y_true"]).arrays["y_true"]?.values == [0, 1, 1, 0])
  }
}
