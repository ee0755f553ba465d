/// The character classes of RFC 9110 and 9112.
enum ASCII {
  @inline(__always)
  static func lowercased(_ byte: UInt8) -> UInt8 { byte &- 0x41 < 26 ? byte | 0x20 : byte }

  /// A character of a token (RFC 9110, 5.6.2).
  @inline(__always)
  static func isToken(_ byte: UInt8) -> Bool {
    // ! # $ % & ' * + - . 0-9 in the low word; A-Z ^ _ ` a-z | ~ in the high word.
    let bits: UInt64 = byte < 64 ? 0x03FF_6CFA_0000_0000 : 0x57FF_FFFF_C7FF_FFFE
    return byte < 128 && bits >> UInt64(byte & 63) & 1 == 1
  }

  /// A character of a field value: visible, space, tab or beyond ASCII.
  @inline(__always)
  static func isFieldValue(_ byte: UInt8) -> Bool { byte >= 0x20 && byte != 0x7F || byte == 0x09 }

  /// A visible character, 0x21 to 0x7E.
  @inline(__always)
  static func isVisible(_ byte: UInt8) -> Bool { byte &- 0x21 < 0x5E }

  @inline(__always)
  static func isBlank(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x09 }

  @inline(__always)
  static func isDigit(_ byte: UInt8) -> Bool { byte &- 0x30 < 10 }

  /// The value of a hexadecimal digit.
  static func hexadecimal(_ byte: UInt8) -> UInt8? {
    switch byte {
    case 0x30...0x39: byte - 0x30
    case 0x41...0x46: byte - 0x37
    case 0x61...0x66: byte - 0x57
    default: nil
    }
  }
}

extension Span<UInt8> {
  /// Equality of the bytes in `range` with lowercase ASCII text, without case.
  @inline(__always)
  func isEqual(_ range: Range<Int>, ignoringCase lowercase: StaticString) -> Bool {
    guard range.count == lowercase.utf8CodeUnitCount else { return false }
    var other = lowercase.utf8Start
    for index in range {
      guard ASCII.lowercased(self[index]) == other.pointee else { return false }
      other += 1
    }
    return true
  }

  /// Equality of the bytes in `range` with `other`, without case where `other` is lowercase.
  func isEqual(_ range: Range<Int>, ignoringCase lowercase: [UInt8]) -> Bool {
    guard range.count == lowercase.count else { return false }
    for offset in 0..<lowercase.count
    where ASCII.lowercased(self[range.lowerBound + offset]) != lowercase[offset] { return false }
    return true
  }

  /// The same with text.
  func isEqual(_ range: Range<Int>, ignoringCase lowercase: String.UTF8View) -> Bool {
    guard range.count == lowercase.count else { return false }
    var index = range.lowerBound
    for byte in lowercase {
      guard ASCII.lowercased(self[index]) == byte else { return false }
      index += 1
    }
    return true
  }

  /// `range` without spaces and tabs at its ends.
  func trimmed(_ range: Range<Int>) -> Range<Int> {
    var (start, end) = (range.lowerBound, range.upperBound)
    while start < end, ASCII.isBlank(self[start]) { start += 1 }
    while start < end, ASCII.isBlank(self[end - 1]) { end -= 1 }
    return start..<end
  }
}
