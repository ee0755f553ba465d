import Hausdorff

/// An array that a JSON object holds: `shape`, `dtype` and `data` in any order, or `rle`, or `file`.
struct EncodedArray {
  private static let members = "'shape', 'dtype' and 'data', or 'rle', or 'file'"

  private var shape: [Int]?
  private var type: RawType?
  private var data: OwnedBytes?
  /// What stands for a whole array.
  private enum Whole {
    case runs(RunLengths)
    case file(OwnedBytes)

    var name: String {
      switch self {
      case .runs: "rle"
      case .file: "file"
      }
    }
  }

  private var whole: Whole?

  /// Reads the object that comes next, all of it, and leaves its bytes as they are.
  init(_ cursor: borrowing JSONCursor, limits: FormatLimits) throws(FormatError) {
    var encoded = EncodedArray()
    try JSONValueReader.members(cursor) { (name) throws(FormatError) in
      try encoded.readMember(name, cursor, limits)
    }
    self = encoded
  }

  private init() {}

  private mutating func readMember(
    _ name: String, _ cursor: borrowing JSONCursor, _ limits: FormatLimits
  ) throws(FormatError) {
    switch name {
    case "shape": shape = try Self.shape(cursor, limits: limits)
    case "dtype": type = try Self.type(named: try cursor.string(maximumCount: 32))
    case "data": data = try cursor.base64(maximumBytes: limits.maximumBytes)
    case "rle", "file":
      if let whole { throw FormatError(.malformed, "stands beside '\(whole.name)'") }
      whole = name == "rle" ? .runs(try Self.runs(cursor, limits)) : .file(try Self.file(cursor, limits))
    default: throw FormatError(.unsupported, "an array has no such member; it has \(Self.members)")
    }
  }

  /// Decodes it.
  func array(limits: FormatLimits) throws(FormatError) -> NumericArray {
    switch (shape, type, data, whole) {
    case (nil, nil, nil, let whole?):
      do throws(FormatError) { return try Self.array(whole, limits) } catch {
        throw error.at("/" + whole.name)
      }
    case (let shape?, let type?, let data?, nil):
      return try Raw.array(data, shape: shape, type: type, limits: limits)
    case (_, _, _, let whole?):
      throw FormatError(.malformed, "'\(whole.name)' stands beside 'shape', 'dtype' or 'data'")
    case (nil, _, _, _): throw FormatError(.malformed, "'shape' is missing")
    case (_, nil, _, _): throw FormatError(.malformed, "'dtype' is missing")
    case (_, _, nil, _): throw FormatError(.malformed, "'data' is missing")
    }
  }

  private static func array(_ whole: Whole, _ limits: FormatLimits) throws(FormatError) -> NumericArray {
    switch whole {
    case .file(let bytes): return try ArrayFile.decode(bytes, limits: limits)
    case .runs(let runs):
      do throws(FormatError) { return try runs.array(limits: limits) } catch {
        throw error.kind == .malformed ? error.at("/counts") : error
      }
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

  private static func shape(
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
