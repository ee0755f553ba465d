/// Percent-decoding (RFC 3986, 2.1), strict: every escape is two hexadecimal digits, the result is UTF-8, and no
/// control character comes out of it.
enum Percent {
  /// The decoded text; `nil` where an escape, the UTF-8 or a character is not allowed.
  static func decode(_ bytes: Span<UInt8>, _ range: Range<Int>, plusIsSpace: Bool) -> String? {
    var decoded: [UInt8] = []
    decoded.reserveCapacity(range.count)
    var index = range.lowerBound
    while index < range.upperBound {
      var byte = bytes[index]
      if byte == UInt8(ascii: "%") {
        guard index + 2 < range.upperBound, let high = ASCII.hexadecimal(bytes[index + 1]),
          let low = ASCII.hexadecimal(bytes[index + 2])
        else { return nil }
        byte = high << 4 | low
        index += 2
      } else if plusIsSpace, byte == UInt8(ascii: "+") {
        byte = 0x20
      }
      guard byte >= 0x20 && byte != 0x7F || plusIsSpace && (0x09...0x0D).contains(byte) else { return nil }
      decoded.append(byte)
      index += 1
    }
    return String(validating: decoded, as: UTF8.self)
  }
}
