import Hausdorff

/// A JSON object that holds some arrays by name, and options.
///
/// An array is nested numbers (booleans count as 0 and 1), or `{"shape": […], "dtype": "uint8", "data": "<base64>"}`, or
/// `{"file": "<base64>"}` with a file that ``ArrayFile`` knows. Nested numbers become uint8 if all are integers of 0 to
/// 255, or else float64.
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
    case UInt8(ascii: "{"): try encodedArray(cursor, limits: limits)
    default:
      throw cursor.unexpected("nested numbers, or an object with 'shape', 'dtype' and 'data', or with 'file'")
    }
  }

  /// An array as an object: `shape`, `dtype` and `data` in any order, or `file`.
  private static func encodedArray(
    _ cursor: borrowing JSONCursor, limits: FormatLimits
  ) throws(FormatError) -> NumericArray {
    var shape: [Int]?
    var type: ScalarType?
    var data: OwnedBytes?
    var file: NumericArray?
    try JSONValueReader.members(cursor) { (name) throws(FormatError) in
      switch name {
      case "shape": shape = try readShape(cursor, limits: limits)
      case "dtype": type = try scalarType(named: try cursor.string(maximumCount: 32))
      case "data": data = try cursor.base64(maximumBytes: limits.maximumBytes)
      case "file":
        guard limits.decodesFiles else {
          throw FormatError(.tooLarge, "a file is not decoded under these limits")
        }
        let bytes = try cursor.base64(maximumBytes: limits.maximumBytes)
        file = try ArrayFile.decode(bytes, limits: limits)
      default:
        throw FormatError(
          .unsupported, "an array has no such member; it has 'shape', 'dtype' and 'data', or 'file'")
      }
    }
    switch (shape, type, data, file) {
    case (nil, nil, nil, let file?): return file
    case (let shape?, let type?, let data?, nil):
      return try Raw.array(data, shape: shape, type: type, limits: limits)
    case (_, _, _, .some): throw FormatError(.malformed, "'file' stands beside 'shape', 'dtype' or 'data'")
    case (nil, _, _, _): throw FormatError(.malformed, "'shape' is missing")
    case (_, nil, _, _): throw FormatError(.malformed, "'dtype' is missing")
    case (_, _, nil, _): throw FormatError(.malformed, "'data' is missing")
    }
  }

  private static func readShape(
    _ cursor: borrowing JSONCursor, limits: FormatLimits
  ) throws(FormatError) -> [Int] {
    try cursor.expect(UInt8(ascii: "["))
    var shape: [Int] = []
    if cursor.skip(UInt8(ascii: "]")) { return shape }
    repeat {
      let number = try cursor.number()
      guard let extent = Int(exactly: number), extent > 0 else {
        throw FormatError(.malformed, "\(number) is not a positive integer", path: "/\(shape.count)")
      }
      shape.append(extent)
      guard shape.count <= limits.maximumRank else {
        throw FormatError(.tooLarge, "more than \(limits.maximumRank) axes")
      }
    } while cursor.skip(UInt8(ascii: ","))
    try cursor.expect(UInt8(ascii: "]"))
    return shape
  }

  private static func scalarType(named name: String) throws(FormatError) -> ScalarType {
    guard let type = ScalarType(rawValue: name) else {
      let known = ScalarType.allCases.map(\.rawValue).joined(separator: ", ")
      throw FormatError(.unsupported, "unknown dtype '\(name)'; known are \(known)")
    }
    return type
  }
}
