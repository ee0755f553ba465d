import CSimdjson

extension FormatError {
  /// What the C reader's `status` means for the text: `what` was expected at `offset`.
  init(
    json status: json_status, expected what: String, _ numbers: json_numbers, in text: UnsafeRawBufferPointer,
    at offset: Int
  ) {
    let found = Self.token(in: text, at: offset)
    switch status {
    case JSON_NO_MEMORY:
      self.init(.tooLarge, "there is no memory for this document")
    case JSON_TOO_LARGE:
      self.init(.tooLarge, "the array takes more bytes than allowed; its end is past byte \(offset)")
    case JSON_NOT_UTF8:
      self.init(.malformed, "the text is not valid UTF-8 at or after byte \(offset)")
    case JSON_CONTROL_CHARACTER:
      self.init(
        .malformed, "a string at or after byte \(offset) holds a control character that is not escaped")
    case JSON_UNCLOSED_STRING:
      self.init(.malformed, "a string at or after byte \(offset) is not closed")
    case JSON_NO_SEPARATOR:
      self.init(.malformed, "expected ',' or ']' at byte \(offset), found \(found)")
    case JSON_BAD_NUMBER:
      self.init(.malformed, "\(found) at byte \(offset) is not a JSON number that a float64 can hold")
    case JSON_BAD_ESCAPE:
      self.init(.malformed, "the string before byte \(offset) holds an escape that is not valid")
    case JSON_RAGGED:
      self.init(
        .malformed,
        "this row has length \(numbers.found), those before it have \(numbers.expected); it ends before byte \(offset)"
      )
    case JSON_MIXED_DEPTH:
      self.init(.malformed, "found \(found) at byte \(offset): numbers must all be nested equally deep")
    case JSON_TOO_DEEP:
      self.init(.tooLarge, "the array at byte \(offset) is nested deeper than \(JSON_MAXIMUM_RANK)")
    case JSON_EMPTY_ARRAY:
      self.init(
        .malformed, "the array before byte \(offset) is empty; every axis needs a length of at least 1")
    default:
      self.init(.malformed, "expected \(what) at byte \(offset), found \(found)")
    }
  }

  /// The token at `offset`, in words that are safe to show.
  private static func token(in text: UnsafeRawBufferPointer, at offset: Int) -> String {
    guard offset < text.count else { return "the end of the text" }
    switch text[offset] {
    case UInt8(ascii: "\""): return "a string"
    case UInt8(ascii: "{"): return "an object"
    case UInt8(ascii: "["): return "an array"
    case 0xEF where text[offset...].starts(with: [0xEF, 0xBB, 0xBF]): return "a byte order mark"
    default: break
    }
    let bytes = text[offset...].prefix(24)
    let ends = Array(" \t\r\n,:]}[{\"".utf8)
    let token = bytes.prefix { !ends.contains($0) }
    let shown = (token.isEmpty ? bytes.prefix(1) : token).map { byte in
      (0x20..<0x7F).contains(byte) ? String(UnicodeScalar(byte)) : "\\x" + String(byte, radix: 16)
    }
    return "'" + shown.joined() + "'"
  }
}
