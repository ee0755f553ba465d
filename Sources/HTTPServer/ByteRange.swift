/// What a Range header asks for (RFC 9110, 14.1.2).
enum ByteRange: Equatable {
  /// Everything: the field is malformed, of another unit, or asks for several ranges.
  case whole
  /// Those bytes, at least one.
  case part(Range<Int>)
  /// Bytes that there are none of.
  case unsatisfiable

  /// Reads the field for content of `count` bytes.
  init(_ field: String, of count: Int) {
    self = ByteRange.parse(Array(field.utf8).span, count)
  }

  private static func parse(_ bytes: Span<UInt8>, _ count: Int) -> ByteRange {
    guard bytes.count > 6, bytes.isEqual(0..<6, ignoringCase: "bytes=") else { return .whole }
    let range = bytes.trimmed(6..<bytes.count)
    var index = range.lowerBound
    let first = number(bytes, &index, range.upperBound)
    guard index < range.upperBound, bytes[index] == UInt8(ascii: "-") else { return .whole }
    index += 1
    let last = number(bytes, &index, range.upperBound)
    guard index == range.upperBound else { return .whole }
    switch (first, last) {
    case (nil, nil): return .whole
    case (nil, let length?):
      guard length > 0 else { return .unsatisfiable }
      return count == 0 ? .whole : .part(max(0, count - length)..<count)
    case (let first?, let last):
      guard last ?? Int.max >= first else { return .whole }
      guard first < count else { return .unsatisfiable }
      return .part(first..<min(last ?? count, count - 1) + 1)
    }
  }

  /// The digits from `index` on, `Int.max` where there are too many; nil where there is none.
  private static func number(_ bytes: Span<UInt8>, _ index: inout Int, _ end: Int) -> Int? {
    var value: Int?
    while index < end, ASCII.isDigit(bytes[index]) {
      let (shifted, isTooGreat) = (value ?? 0).multipliedReportingOverflow(by: 10)
      let (sum, isAlsoTooGreat) = shifted.addingReportingOverflow(Int(bytes[index] - 0x30))
      value = isTooGreat || isAlsoTooGreat || value == Int.max ? Int.max : sum
      index += 1
    }
    return value
  }
}
