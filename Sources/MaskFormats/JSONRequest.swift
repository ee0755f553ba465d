/// A JSON object that holds some arrays by name, and options.
///
/// An array is nested numbers (booleans count as 0 and 1), or `{"shape": […], "dtype": "uint8", "data": "<base64>"}` with
/// a ``RawType``, or `{"rle": {"size": […], "counts": […]}}` as COCO has it, or `{"file": "<base64>"}` with a file that
/// ``ArrayFile`` knows. Nested numbers become uint8 if all are integers of 0 to 255, or else float64.
public struct JSONRequest: Sendable {
  /// The arrays found, by name.
  public let arrays: [String: NumericArray]
  /// Objects that hold arrays of the same names, each for itself; nil where there is no list of them. An array that cannot be
  /// decoded is a failure in its place.
  public let list: [[String: Result<NumericArray, FormatError>]]?
  /// Every other member, in the order written, no name twice.
  public let options: [JSONMember]

  /// Most objects in a list.
  public static let maximumListCount = 4096

  /// Reads the whole of `source` as one request; the members `arrayNames`, where there, are arrays, and `listName`, where
  /// there, is a list of objects that hold some.
  ///
  /// - Throws: `FormatError` with the JSON pointer of what is at fault.
  public static func parse(
    _ source: any ByteSource, arrayNames: [String], listName: String? = nil,
    limits: FormatLimits = FormatLimits()
  ) throws(FormatError) -> JSONRequest {
    try source.withPaddedText { (text) throws(FormatError) in
      let cursor = try JSONCursor(text)
      guard cursor.peek() == UInt8(ascii: "{") else { throw cursor.unexpected("an object") }
      var arrays: [String: NumericArray] = [:]
      var list: [[String: Result<NumericArray, FormatError>]]?
      var options: [JSONMember] = []
      var reader = JSONValueReader(limits: limits)
      try JSONValueReader.members(cursor) { (name) throws(FormatError) in
        if arrayNames.contains(name) {
          arrays[name] = try array(cursor, limits: limits).get()
        } else if name == listName {
          list = try self.list(cursor, of: arrayNames, limits: limits)
        } else {
          options.append(JSONMember(name: name, value: try reader.value(cursor, depth: 0)))
        }
      }
      try cursor.expectEnd()
      return JSONRequest(arrays: arrays, list: list, options: options)
    }
  }

  private static func list(
    _ cursor: borrowing JSONCursor, of names: [String], limits: FormatLimits
  ) throws(FormatError) -> [[String: Result<NumericArray, FormatError>]] {
    try cursor.expect(UInt8(ascii: "["))
    var list: [[String: Result<NumericArray, FormatError>]] = []
    if cursor.skip(UInt8(ascii: "]")) { return list }
    repeat {
      guard list.count < maximumListCount else {
        throw FormatError(.tooLarge, "has more than \(maximumListCount) elements")
      }
      var arrays: [String: Result<NumericArray, FormatError>] = [:]
      do throws(FormatError) {
        guard cursor.peek() == UInt8(ascii: "{") else { throw cursor.unexpected("an object") }
        try JSONValueReader.members(cursor) { (name) throws(FormatError) in
          guard names.contains(name) else {
            throw FormatError(
              .unsupported, "is no member of a pair, which has \(names.joined(separator: " and "))")
          }
          arrays[name] = try array(cursor, limits: limits)
        }
      } catch {
        throw error.at("/\(list.count)")
      }
      list.append(arrays)
    } while cursor.skip(UInt8(ascii: ","))
    guard cursor.skip(UInt8(ascii: "]")) else { throw cursor.unexpected("',' or ']'") }
    return list
  }

  /// Reads an array to its end; a failure to decode what was read comes with it, and can be passed over.
  private static func array(
    _ cursor: borrowing JSONCursor, limits: FormatLimits
  ) throws(FormatError) -> Result<NumericArray, FormatError> {
    switch cursor.peek() {
    case UInt8(ascii: "["): return .success(try cursor.numbers(limits: limits))
    case UInt8(ascii: "{"):
      let encoded = try EncodedArray(cursor, limits: limits)
      return Result { () throws(FormatError) in try encoded.array(limits: limits) }
    default:
      throw cursor.unexpected(
        "nested numbers, or an object with 'shape', 'dtype' and 'data', with 'rle' or with 'file'")
    }
  }
}
