/// A JSON value of modest size, such as an option of a request.
public enum JSONValue: Equatable, Sendable {
  /// JSON's `null`.
  case null
  /// `true` or `false`.
  case bool(Bool)
  /// A number, rounded to the nearest float64; always finite.
  case number(Double)
  /// A string, its escapes resolved.
  case string(String)
  /// An array, in order.
  case array([JSONValue])
  /// An object: its members in the order written, no name twice.
  case object([JSONMember])

  /// Reads the whole of `source` as one JSON value.
  ///
  /// - Throws: `FormatError` for anything that is not exactly one valid JSON text, for an object with a name twice, and
  ///   for more values or deeper nesting than the limits on options allow.
  public static func parse(
    _ source: any ByteSource, limits: FormatLimits = FormatLimits()
  ) throws(FormatError) -> JSONValue {
    try source.withPaddedText { (text) throws(FormatError) in
      let cursor = try JSONCursor(text)
      var reader = JSONValueReader(limits: limits)
      let value = try reader.value(cursor)
      try cursor.expectEnd()
      return value
    }
  }

  /// Reads a text as one JSON value.
  ///
  /// - Throws: `FormatError`, as for bytes.
  public static func parse(text: String, limits: FormatLimits = FormatLimits()) throws(FormatError)
    -> JSONValue
  {
    let bytes = Array(text.utf8)
    return try parse(
      OwnedBytes(count: bytes.count, paddingCount: JSONCursor.padding) { $0.copyBytes(from: bytes) },
      limits: limits)
  }
}

/// A member of a JSON object.
public struct JSONMember: Equatable, Sendable {
  /// The name, its escapes resolved.
  public var name: String
  /// The value.
  public var value: JSONValue

  /// The member `name` with `value`.
  public init(name: String, value: JSONValue) {
    self.name = name
    self.value = value
  }
}
