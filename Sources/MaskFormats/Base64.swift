/// Base64 as RFC 4648 defines it: the standard alphabet with padding, and nothing else.
enum Base64 {
  /// Decodes all of `text`.
  ///
  /// - Throws: `FormatError` for a length that is not a multiple of 4, for any byte outside the alphabet (white space
  ///   too), and for bits behind the last byte that are not zero.
  static func decode(_ text: RawSpan, maximumBytes: Int) throws(FormatError) -> OwnedBytes {
    let length = text.byteCount
    guard length % 4 == 0 else {
      throw FormatError(.malformed, "base64 of \(length) characters: the length must be a multiple of 4")
    }
    return try text.withUnsafeBytes { (input) throws(FormatError) in
      let paddingCount = input.suffix(2).reversed().prefix { $0 == UInt8(ascii: "=") }.count
      let count = length / 4 * 3 - paddingCount
      guard count <= maximumBytes else {
        throw FormatError(.tooLarge, "base64 of \(count) bytes is over the limit of \(maximumBytes)")
      }
      return try OwnedBytes(count: count) { (output) throws(FormatError) in
        try decode(input, to: output, paddingCount: paddingCount)
      }
    }
  }

  private static func decode(
    _ input: UnsafeRawBufferPointer, to output: UnsafeMutableRawBufferPointer, paddingCount: Int
  ) throws(FormatError) {
    // The last group may be short; it is decoded as if its padding were zeros.
    let wholeCount = paddingCount == 0 ? input.count : input.count - 4
    var read = 0
    var written = 0
    let isValid = tables.withUnsafeBufferPointer { tables in
      var errors: UInt32 = 0
      // Two groups at a time, with a store that spills over into what the next one writes.
      while read + 8 <= wholeCount, written + 8 <= output.count {
        let text = input.loadUnaligned(fromByteOffset: read, as: UInt64.self)
        let first = value(of: UInt32(truncatingIfNeeded: text), tables)
        let second = value(of: UInt32(truncatingIfNeeded: text >> 32), tables)
        errors |= first | second
        let bytes = UInt64(first) << 40 | UInt64(second & 0xFF_FFFF) << 16
        output.storeBytes(of: bytes.byteSwapped, toByteOffset: written, as: UInt64.self)
        read += 8
        written += 6
      }
      while read < wholeCount {
        let group = value(of: input.loadUnaligned(fromByteOffset: read, as: UInt32.self), tables)
        errors |= group
        for place in 0..<3 {
          output[written + place] = UInt8(truncatingIfNeeded: group >> UInt32(16 - 8 * place))
        }
        read += 4
        written += 3
      }
      return errors & invalid == 0
    }
    guard isValid else { throw badCharacter(input.prefix(wholeCount)) }
    guard paddingCount > 0 else { return }

    let last = input[wholeCount...].dropLast(paddingCount)
    var bits: UInt32 = 0
    for (place, character) in last.enumerated() { bits |= tables[256 * place + Int(character)] }
    guard bits & invalid == 0 else { throw badCharacter(last) }
    output[written] = UInt8(truncatingIfNeeded: bits >> 16)
    if paddingCount == 1 { output[written + 1] = UInt8(truncatingIfNeeded: bits >> 8) }
    guard bits & (paddingCount == 1 ? 0xFF : 0xFFFF) == 0 else {
      throw FormatError(.malformed, "base64 ends in bits that belong to no byte and are not zero")
    }
  }

  /// The 24 bits that four characters stand for, and `invalid` where one of them stands for none.
  @inline(__always)
  private static func value(of group: UInt32, _ tables: UnsafeBufferPointer<UInt32>) -> UInt32 {
    tables[Int(group & 0xFF)] | tables[256 + Int(group >> 8 & 0xFF)] | tables[512 + Int(group >> 16 & 0xFF)]
      | tables[768 + Int(group >> 24)]
  }

  private static func badCharacter(_ text: Slice<UnsafeRawBufferPointer>) -> FormatError {
    let at = text.firstIndex { tables[Int($0)] & invalid != 0 } ?? text.endIndex
    return FormatError(.malformed, "base64 holds a character outside its alphabet at position \(at)")
  }

  /// Marks what is no character of the alphabet; above the 24 bits of a group.
  private static let invalid: UInt32 = 1 << 31

  /// For each of the four places in a group: the bits that a character stands for, shifted to that place.
  private static let tables: [UInt32] = {
    let alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8
    var tables = [UInt32](repeating: invalid, count: 4 * 256)
    for (value, character) in alphabet.enumerated() {
      for place in 0..<4 { tables[256 * place + Int(character)] = UInt32(value) << UInt32(18 - 6 * place) }
    }
    return tables
  }()
}
