/// A parsed Content-Type (RFC 9110, 8.3).
public struct MediaType: Sendable, Equatable {
  /// Type and subtype in lowercase, such as `application/json`.
  public let name: String
  /// Parameters in their order; names in lowercase, quotes taken off.
  public let parameters: [Parameter]

  /// One parameter.
  public struct Parameter: Sendable, Equatable {
    /// The name in lowercase.
    public let name: String
    /// The value as sent, without its quotes.
    public let value: String
  }

  /// Parses a field value; `nil` where it is malformed.
  public init?(_ text: String) {
    var scanner = FieldScanner(text)
    guard let type = scanner.token(), scanner.skip("/"), let subtype = scanner.token(),
      let parameters = scanner.parameters()
    else { return nil }
    name = "\(type)/\(subtype)".lowercased()
    self.parameters = parameters
  }

  /// The value of the first parameter of that lowercase name.
  public subscript(parameter: String) -> String? { parameters.first { $0.name == parameter }?.value }
}

/// Reads tokens, quoted strings and parameters of a field value (RFC 9110, 5.6).
struct FieldScanner {
  private let bytes: [UInt8]
  private var index = 0

  init(_ text: String) { bytes = Array(text.utf8) }
  init(_ bytes: [UInt8]) { self.bytes = bytes }

  var isAtEnd: Bool { index == bytes.count }

  mutating func skipBlanks() {
    while index < bytes.count, ASCII.isBlank(bytes[index]) { index += 1 }
  }

  mutating func skip(_ character: Unicode.Scalar) -> Bool {
    guard index < bytes.count, bytes[index] == UInt8(ascii: character) else { return false }
    index += 1
    return true
  }

  mutating func token() -> String? {
    let start = index
    while index < bytes.count, ASCII.isToken(bytes[index]) { index += 1 }
    return index > start ? String(decoding: bytes[start..<index], as: UTF8.self) : nil
  }

  /// The text of a quoted string. A backslash escapes a quote or a backslash only: browsers send those of
  /// Windows paths as they are.
  mutating func quotedString() -> String? {
    guard skip("\"") else { return nil }
    var text: [UInt8] = []
    while index < bytes.count {
      let byte = bytes[index]
      index += 1
      if byte == UInt8(ascii: "\"") { return String(validating: text, as: UTF8.self) }
      if byte == UInt8(ascii: "\\"), index < bytes.count,
        bytes[index] == UInt8(ascii: "\"") || bytes[index] == byte
      {
        text.append(bytes[index])
        index += 1
      } else {
        text.append(byte)
      }
    }
    return nil
  }

  /// `; name=value` until the end; `nil` where malformed.
  mutating func parameters() -> [MediaType.Parameter]? {
    var parameters: [MediaType.Parameter] = []
    while true {
      skipBlanks()
      if isAtEnd { return parameters }
      guard skip(";") else { return nil }
      skipBlanks()
      if isAtEnd { return parameters }
      guard let name = token(), skip("="), let value = quotedString() ?? token() else { return nil }
      parameters.append(MediaType.Parameter(name: name.lowercased(), value: value))
    }
  }
}
