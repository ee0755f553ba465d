/// A JSON object that holds some arrays by name, and options.
///
/// An array is nested numbers (booleans count as 0 and 1), or `{"shape": […], "dtype": "uint8", "data": "<base64>"}` with
/// a ``RawType``, or `{"rle": {"size": […], "counts": […]}}` as COCO has it, or `{"file": "<base64>"}` with a file that
/// ``ArrayFile`` knows. Nested numbers become uint8 if all are integers of 0 to 255, or else float64.
public struct JSONRequest: Sendable {
  /// The arrays found, by name.
  public let arrays: [String: NumericArray]
  /// Every other member, in the order written, no name twice.
  public let options: [JSONMember]

  /// Reads the whole of `source` as one request; the members `arrayNames`, where there, are arrays.
  ///
  /// - Throws: `FormatError` with the JSON pointer of what is at fault.
  public static func parse(
    _ source: any ByteSource, arrayNames: [String], limits: FormatLimits = FormatLimits()
  ) throws(FormatError) -> JSONRequest {
    try source.withPaddedText { (text) throws(FormatError) in
      let cursor = try JSONCursor(text)
      guard cursor.peek() == UInt8(ascii: "{") else { throw cursor.unexpected("an object") }
      var arrays: [String: NumericArray] = [:]
      var options: [JSONMember] = []
      var reader = JSONValueReader(limits: limits)
      try JSONValueReader.members(cursor) { (name) throws(FormatError) in
        if arrayNames.contains(name) {
          arrays[name] = try array(cursor, limits: limits)
        } else {
          options.append(JSONMember(name: name, value: try reader.value(cursor, depth: 0)))
        }
      }
      try cursor.expectEnd()
      return JSONRequest(arrays: arrays, options: options)
    }
  }

  private static func array(
    _ cursor: borrowing JSONCursor, limits: FormatLimits
  ) throws(FormatError) -> NumericArray {
    switch cursor.peek() {
    case UInt8(ascii: "["): try cursor.numbers(limits: limits)
    case UInt8(ascii: "{"): try EncodedArray.read(cursor, limits: limits)
    default:
      throw cursor.unexpected(
        "nested numbers, or an object with 'shape', 'dtype' and 'data', with 'rle' or with 'file'")
    }
  }
}
