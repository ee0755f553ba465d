import Hausdorff

/// An array as a JSON text has it: nested numbers, or an object with `shape`, `dtype` and `data` in any order, with `rle`,
/// or with `file`.
///
/// It takes as much memory as its text, up to a small factor, however large the array is.
public struct EncodedArray: Sendable {
  private static let members = "'shape', 'dtype' and 'data', or 'rle', or 'file'"

  private enum Content {
    case numbers(NumericArray)
    case raw(OwnedBytes, shape: [Int], type: RawType)
    case runs(RunLengths)
    case file(OwnedBytes)
  }

  private let content: Content

  /// Reads the array that comes next, all of it, and leaves its bytes as they are.
  init(_ cursor: borrowing JSONCursor, limits: FormatLimits) throws(FormatError) {
    switch cursor.peek() {
    case UInt8(ascii: "["): content = .numbers(try cursor.numbers(limits: limits))
    case UInt8(ascii: "{"): content = try Self.object(cursor, limits)
    default:
      throw cursor.unexpected(
        "nested numbers, or an object with 'shape', 'dtype' and 'data', with 'rle' or with 'file'")
    }
  }

  /// Decodes it, a file as an image where `isImage` says so.
  ///
  /// - Throws: `FormatError`, its path beginning within the array.
  public func array(limits: FormatLimits, isImage: Bool = false) throws(FormatError) -> NumericArray {
    switch content {
    case .numbers(let numbers): return numbers
    case .raw(let data, let shape, let type):
      return try Raw.array(data, shape: shape, type: type, limits: limits)
    case .runs(let runs):
      do throws(FormatError) { return try runs.array(limits: limits) } catch {
        throw error.at(error.kind == .malformed ? "/rle/counts" : "/rle")
      }
    case .file(let bytes):
      do throws(FormatError) {
        return try isImage
          ? ArrayFile.decodeImage(bytes, limits: limits) : ArrayFile.decode(bytes, limits: limits)
      } catch {
        throw error.at("/file")
      }
    }
  }

  private static func object(
    _ cursor: borrowing JSONCursor, _ limits: FormatLimits
  ) throws(FormatError) -> Content {
    var shape: [Int]?
    var type: RawType?
    var data: OwnedBytes?
    /// What stands for a whole array.
    var whole: (name: String, content: Content)?
    try JSONValueReader.members(cursor) { (name) throws(FormatError) in
      switch name {
      case "shape": shape = try Self.shape(cursor, limits: limits)
      case "dtype": type = try Self.type(named: try cursor.string(maximumCount: 32))
      case "data": data = try cursor.base64(maximumBytes: limits.maximumBytes)
      case "rle", "file":
        if let whole { throw FormatError(.malformed, "stands beside '\(whole.name)'") }
        whole = (name, name == "rle" ? .runs(try runs(cursor, limits)) : .file(try file(cursor, limits)))
      default: throw FormatError(.unsupported, "an array has no such member; it has \(members)")
      }
    }
    switch (shape, type, data, whole) {
    case (nil, nil, nil, let whole?): return whole.content
    case (let shape?, let type?, let data?, nil): return .raw(data, shape: shape, type: type)
    case (_, _, _, let whole?):
      throw FormatError(.malformed, "'\(whole.name)' stands beside 'shape', 'dtype' or 'data'")
    case (nil, _, _, _): throw FormatError(.malformed, "'shape' is missing")
    case (_, nil, _, _): throw FormatError(.malformed, "'dtype' is missing")
    case (_, _, nil, _): throw FormatError(.malformed, "'data' is missing")
    }
  }

  private static func file(
    _ cursor: borrowing JSONCursor, _ limits: FormatLimits
  ) throws(FormatError) -> OwnedBytes {
    guard limits.decodesFiles else {
      throw FormatError(.tooLarge, "a file is not decoded under these limits")
    }
    return try cursor.base64(maximumBytes: limits.maximumBytes)
  }

  /// COCO's object with `size` and `counts`.
  private static func runs(
    _ cursor: borrowing JSONCursor, _ limits: FormatLimits
  ) throws(FormatError) -> RunLengths {
    var size: [Int]?
    var counts: RunLengths.Counts?
    try JSONValueReader.members(cursor) { (name) throws(FormatError) in
      switch name {
      case "size": size = try shape(cursor, limits: limits)
      case "counts": counts = try Self.counts(cursor, limits)
      default:
        throw FormatError(
          .unsupported, "a run-length encoding has no such member; it has 'size' and 'counts'")
      }
    }
    guard let size else { throw FormatError(.malformed, "'size' is missing") }
    guard let counts else { throw FormatError(.malformed, "'counts' is missing") }
    guard size.count == 2 else {
      throw FormatError(.malformed, "\(size) is not a height and a width", path: "/size")
    }
    return RunLengths(height: size[0], width: size[1], counts: counts)
  }

  private static func counts(
    _ cursor: borrowing JSONCursor, _ limits: FormatLimits
  ) throws(FormatError) -> RunLengths.Counts {
    switch cursor.peek() {
    case UInt8(ascii: "\""): return .compressed(try cursor.bytes(maximumCount: limits.maximumBytes))
    case UInt8(ascii: "["):
      let numbers = try cursor.numbers(limits: limits)
      guard numbers.shape.count == 1 else { throw FormatError(.malformed, "the counts are nested") }
      return .numbers(numbers)
    default: throw cursor.unexpected("a list of counts, or COCO's string of them")
    }
  }

  /// Reads a list of positive integers, no more than there may be axes.
  static func shape(
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

  private static func type(named name: String) throws(FormatError) -> RawType {
    guard let type = RawType(rawValue: name) else {
      let known = RawType.allCases.map(\.rawValue).joined(separator: ", ")
      throw FormatError(.unsupported, "unknown dtype '\(name)'; known are \(known)")
    }
    return type
  }
}
