import MaskFormats
import Testing

@Suite struct CompressedEncodeTests {
  @Test(arguments: Compressed.Encoding.allCases, [0, 1, 1000, 3_000_000])
  func `what is packed unpacks to the same`(_ encoding: Compressed.Encoding, _ count: Int) throws {
    var state: UInt32 = 1
    // Half noise, half not: the one grows, the other shrinks.
    let bytes = (0..<count).map { index -> UInt8 in
      state = state &* 1_664_525 &+ 1_013_904_223
      return index.isMultiple(of: 2) || index < count / 2 ? UInt8(state >> 24) : 7
    }
    let packed = try Compressed.encode(bytes.span.bytes, encoding)
    let unpacked = try Compressed.decode(TestBytes(packed), encoding, maximumBytes: count)
    #expect(unpacked.withBytes { $0.withUnsafeBytes { Array($0) } } == bytes)
  }
}
