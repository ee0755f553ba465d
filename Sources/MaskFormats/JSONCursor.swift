import CSimdjson
import Glibc
import Hausdorff

/// Where a JSON text is being read: the Swift face of the C reader of this thread.
///
/// A thread reads one text at a time. The text stays in place, readable `padding` bytes past its end, while the cursor
/// lives.
struct JSONCursor: ~Copyable {
  /// Readable bytes that must follow the text.
  static let padding = Int(JSON_PADDING)

  private let reader: OpaquePointer
  private let text: UnsafeRawBufferPointer

  init(_ text: UnsafeRawBufferPointer) throws(FormatError) {
    guard let reader = json_reader_of_thread() else {
      throw FormatError(.tooLarge, "there is no memory for a JSON reader")
    }
    self.reader = reader
    self.text = text
    json_open(reader, text.baseAddress?.assumingMemoryBound(to: UInt8.self), text.count)
  }

  deinit { json_close(reader) }

  /// The first byte of the next token; nil at the end of the text and after a failure.
  func peek() -> UInt8? {
    let byte = json_peek(reader)
    return byte < 0 ? nil : UInt8(byte)
  }

  /// Steps over the token `byte` if it comes next.
  func skip(_ byte: UInt8) -> Bool {
    guard peek() == byte else { return false }
    json_skip(reader)
    return true
  }

  /// Steps over the token `byte`.
  func expect(_ byte: UInt8) throws(FormatError) {
    guard skip(byte) else { throw unexpected("'\(Character(UnicodeScalar(byte)))'") }
  }

  /// Fails unless the whole text has been read and found valid.
  func expectEnd() throws(FormatError) {
    guard peek() == nil, json_failure(reader) == JSON_OK else { throw unexpected("the end of the text") }
  }

  /// Steps over `true`, `false` or `null`.
  func literal(_ word: StaticString) throws(FormatError) {
    let start = UnsafeRawPointer(word.utf8Start).assumingMemoryBound(to: CChar.self)
    try check(json_read_literal(reader, start), expected: "a value")
  }

  func number() throws(FormatError) -> Double {
    var value = 0.0
    try check(json_read_double(reader, &value), expected: "a number")
    return value
  }

  /// The string that comes next, of at most `maximumCount` bytes as written.
  func string(maximumCount: Int) throws(FormatError) -> String {
    let raw = try rawString()
    try check(raw, maximumCount)
    var status = JSON_OK
    let string = String(unsafeUninitializedCapacity: raw.count) { output in
      var count = 0
      status = json_unescape(raw, output.baseAddress, &count)
      return count
    }
    try check(status, expected: "a string")
    return string
  }

  /// The bytes of the base64 string that comes next.
  func base64(maximumBytes: Int) throws(FormatError) -> OwnedBytes {
    let raw = try rawString()
    // Some encoders escape every slash.
    guard hasEscapes(raw) else {
      let text = UnsafeRawBufferPointer(start: raw.start, count: raw.count)
      return try Base64.decode(text.bytes, maximumBytes: maximumBytes)
    }
    let plain = try unescaped(raw)
    return try Base64.decode(plain.span.bytes, maximumBytes: maximumBytes)
  }

  /// A copy of the bytes of the string that comes next, of at most `maximumCount` bytes as written.
  func bytes(maximumCount: Int) throws(FormatError) -> [UInt8] {
    let raw = try rawString()
    try check(raw, maximumCount)
    return try unescaped(raw)
  }

  /// The nested array of numbers that comes next: uint8 if every number is an integer of 0 to 255, or else float64.
  func numbers(limits: FormatLimits) throws(FormatError) -> NumericArray {
    var numbers = json_numbers()
    let status = json_read_numbers(reader, limits.maximumBytes, &numbers)
    guard status == JSON_OK, let data = numbers.data else {
      var error = failure(status, expected: "a number", numbers)
      error.path = withUnsafeBytes(of: numbers.path) { path in
        path.bindMemory(to: Int.self).prefix(numbers.path_count).map { "/\($0)" }.joined()
      }
      throw error
    }
    let type: ScalarType = numbers.is_double ? .float64 : .uint8
    let bytes = OwnedBytes(adopting: data, count: numbers.count * type.byteCount)
    let shape = withUnsafeBytes(of: numbers.shape) { Array($0.bindMemory(to: Int.self).prefix(numbers.rank)) }
    _ = try limits.byteCount(shape: shape, type: type)
    return NumericArray(bytes, shape: shape, type: type)
  }

  /// Where the next token is.
  var offset: Int { json_offset(reader) }

  /// Goes back to the token at `offset`, whatever failed since.
  func rewind(to offset: Int) { json_rewind(reader, offset) }

  /// Steps over one value of any kind and length, nested 512 levels deep at most.
  func skipValue() throws(FormatError) {
    // What ends the arrays and objects that are open.
    var ends: [UInt8] = []
    repeat {
      if let end = try skipStart() {
        guard ends.count < 512 else { throw FormatError(.tooLarge, "nested deeper than 512 levels") }
        ends.append(end)
        continue
      }
      // A value is complete, and with it perhaps those around it.
      while let end = ends.last {
        if skip(UInt8(ascii: ",")) {
          if end == UInt8(ascii: "}") { try skipName() }
          break
        }
        guard skip(end) else { throw unexpected("',' or '\(Character(UnicodeScalar(end)))'") }
        ends.removeLast()
      }
    } while !ends.isEmpty
  }

  /// Steps over a scalar, or over what comes before the first value in an array or object; gives what ends that.
  private func skipStart() throws(FormatError) -> UInt8? {
    switch peek() ?? 0 {
    case UInt8(ascii: "["):
      try expect(UInt8(ascii: "["))
      return skip(UInt8(ascii: "]")) ? nil : UInt8(ascii: "]")
    case UInt8(ascii: "{"):
      try expect(UInt8(ascii: "{"))
      if skip(UInt8(ascii: "}")) { return nil }
      try skipName()
      return UInt8(ascii: "}")
    case UInt8(ascii: "n"): try literal("null")
    case UInt8(ascii: "t"): try literal("true")
    case UInt8(ascii: "f"): try literal("false")
    case UInt8(ascii: "\""): try skipString()
    case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): _ = try number()
    default: throw unexpected("a value")
    }
    return nil
  }

  private func skipName() throws(FormatError) {
    guard peek() == UInt8(ascii: "\"") else { throw unexpected("a name in quotes") }
    try skipString()
    try expect(UInt8(ascii: ":"))
  }

  private func skipString() throws(FormatError) {
    let raw = try rawString()
    if hasEscapes(raw) { _ = try unescaped(raw) }
  }

  /// The failure of finding something else than `what` next.
  func unexpected(_ what: String) -> FormatError {
    failure(JSON_UNEXPECTED, expected: what)
  }

  private func rawString() throws(FormatError) -> json_string {
    var raw = json_string()
    try check(json_read_string(reader, &raw), expected: "a string")
    return raw
  }

  private func check(_ raw: json_string, _ maximumCount: Int) throws(FormatError) {
    guard raw.count <= maximumCount else {
      throw FormatError(.tooLarge, "a string of \(raw.count) bytes is over the limit of \(maximumCount)")
    }
  }

  private func hasEscapes(_ raw: json_string) -> Bool {
    raw.count > 0 && memchr(raw.start, Int32(UInt8(ascii: "\\")), raw.count) != nil
  }

  private func unescaped(_ raw: json_string) throws(FormatError) -> [UInt8] {
    var status = JSON_OK
    let plain = [UInt8](unsafeUninitializedCapacity: raw.count) { output, count in
      status = json_unescape(raw, output.baseAddress, &count)
    }
    try check(status, expected: "a string")
    return plain
  }

  private func check(_ status: json_status, expected what: String) throws(FormatError) {
    guard status == JSON_OK else { throw failure(status, expected: what) }
  }

  private func failure(
    _ status: json_status, expected what: String, _ numbers: json_numbers = json_numbers()
  ) -> FormatError {
    // What simdjson found wrong with the text as a whole outweighs what was asked for.
    let first = json_failure(reader)
    return FormatError(
      json: first == JSON_OK ? status : first, expected: what, numbers, in: text, at: json_offset(reader))
  }
}
