/// A JSON object that holds some arrays by name, and options.
///
/// An array is nested numbers (booleans count as 0 and 1), or `{"shape": […], "dtype": "uint8", "data": "<base64>"}` with
/// a ``RawType``, or `{"rle": {"size": […], "counts": […]}}` as COCO has it, or `{"file": "<base64>"}` with a file that
/// ``ArrayFile`` knows. Nested numbers become uint8 if all are integers of 0 to 255, or else float64.
public struct JSONRequest: Sendable {
  /// The arrays found, by name.
  public let arrays: [String: NumericArray]
  /// What a list has; nil where there is no list.
  public let list: [Element]?
  /// Every other member, in the order written, no name twice.
  public let options: [JSONMember]

  /// An object of a list: its arrays by name, none of them decoded yet. One that is valid JSON, but does not hold arrays,
  /// is a failure in its place, whose path begins within the object.
  public typealias Element = Result<[String: EncodedArray], FormatError>

  /// Most objects in a list.
  public static let maximumListCount = 4096

  /// Reads the whole of `source` as one request; the members `arrayNames`, where there, are arrays, `imageName` being an
  /// image if it is a file, and `listName`, where there, is a list of objects that hold some.
  ///
  /// - Throws: `FormatError` with the JSON pointer of what is at fault.
  public static func parse(
    _ source: any ByteSource, arrayNames: [String], imageName: String? = nil, listName: String? = nil,
    limits: FormatLimits = FormatLimits()
  ) throws(FormatError) -> JSONRequest {
    try source.withPaddedText { (text) throws(FormatError) in
      let cursor = try JSONCursor(text)
      guard cursor.peek() == UInt8(ascii: "{") else { throw cursor.unexpected("an object") }
      var arrays = [String: NumericArray](minimumCapacity: arrayNames.count)
      var list: [Element]?
      var options: [JSONMember] = []
      var reader = JSONValueReader(limits: limits)
      try JSONValueReader.members(cursor) { (name) throws(FormatError) in
        if arrayNames.contains(name) {
          arrays[name] = try EncodedArray(cursor, limits: limits)
            .array(limits: limits, isImage: name == imageName)
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
  ) throws(FormatError) -> [Element] {
    try cursor.expect(UInt8(ascii: "["))
    var list: [Element] = []
    if cursor.skip(UInt8(ascii: "]")) { return list }
    repeat {
      guard list.count < maximumListCount else {
        throw FormatError(.tooLarge, "has more than \(maximumListCount) elements")
      }
      do throws(FormatError) {
        list.append(try element(cursor, of: names, limits: limits))
      } catch {
        throw error.at("/\(list.count)")
      }
    } while cursor.skip(UInt8(ascii: ","))
    guard cursor.skip(UInt8(ascii: "]")) else { throw cursor.unexpected("',' or ']'") }
    return list
  }

  /// - Throws: what ends the whole request: text that is no JSON, and an option in the wrong place.
  private static func element(
    _ cursor: borrowing JSONCursor, of names: [String], limits: FormatLimits
  ) throws(FormatError) -> Element {
    var arrays: [String: EncodedArray] = [:]
    var hasOption = false
    let first = cursor.peek()
    let start = cursor.offset
    do throws(FormatError) {
      guard first == UInt8(ascii: "{") else { throw cursor.unexpected("an object") }
      try JSONValueReader.members(cursor) { (name) throws(FormatError) in
        guard names.contains(name) else {
          hasOption = true
          throw FormatError(
            .unsupported, "is no member of a pair, which has \(names.joined(separator: " and "))")
        }
        arrays[name] = try EncodedArray(cursor, limits: limits)
      }
      return .success(arrays)
    } catch {
      if hasOption { throw error }
      cursor.rewind(to: start)
      try cursor.skipValue()
      return .failure(error)
    }
  }
}
