/// Reads JSON values whose number and depth are bounded over everything that it reads.
struct JSONValueReader {
  /// Bytes of the longest name, as written.
  static let maximumNameCount = 256

  private var valuesLeft: Int
  private let limits: FormatLimits

  init(limits: FormatLimits) {
    self.limits = limits
    valuesLeft = limits.maximumOptionValues
  }

  /// Reads one value, itself `depth` levels deep.
  mutating func value(_ cursor: borrowing JSONCursor, depth: Int = 0) throws(FormatError) -> JSONValue {
    valuesLeft -= 1
    guard valuesLeft >= 0 else {
      throw FormatError(
        .tooLarge, "more than \(limits.maximumOptionValues) values; only arrays of masks may be large")
    }
    switch cursor.peek() ?? 0 {
    case UInt8(ascii: "n"):
      try cursor.literal("null")
      return .null
    case UInt8(ascii: "t"):
      try cursor.literal("true")
      return .bool(true)
    case UInt8(ascii: "f"):
      try cursor.literal("false")
      return .bool(false)
    case UInt8(ascii: "\""):
      return .string(try cursor.string(maximumCount: limits.maximumStringBytes))
    case UInt8(ascii: "["):
      try checkDepth(depth)
      return .array(try array(cursor, depth: depth + 1))
    case UInt8(ascii: "{"):
      try checkDepth(depth)
      var members: [JSONMember] = []
      try Self.members(cursor) { (name) throws(FormatError) in
        members.append(JSONMember(name: name, value: try value(cursor, depth: depth + 1)))
      }
      return .object(members)
    case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"):
      return .number(try cursor.number())
    default:
      throw cursor.unexpected("a value")
    }
  }

  private func checkDepth(_ depth: Int) throws(FormatError) {
    guard depth < limits.maximumOptionDepth else {
      throw FormatError(.tooLarge, "nested deeper than \(limits.maximumOptionDepth) levels")
    }
  }

  private mutating func array(_ cursor: borrowing JSONCursor, depth: Int) throws(FormatError) -> [JSONValue] {
    try cursor.expect(UInt8(ascii: "["))
    var elements: [JSONValue] = []
    if cursor.skip(UInt8(ascii: "]")) { return elements }
    repeat {
      do throws(FormatError) {
        elements.append(try value(cursor, depth: depth))
      } catch {
        throw error.at("/\(elements.count)")
      }
    } while cursor.skip(UInt8(ascii: ","))
    guard cursor.skip(UInt8(ascii: "]")) else { throw cursor.unexpected("',' or ']'") }
    return elements
  }

  /// Reads an object: calls `readValue` with each name, which must read the value.
  ///
  /// - Throws: `FormatError`, its path leading through the member at fault, also for a name that comes twice.
  static func members(
    _ cursor: borrowing JSONCursor, readValue: (String) throws(FormatError) -> Void
  ) throws(FormatError) {
    try cursor.expect(UInt8(ascii: "{"))
    if cursor.skip(UInt8(ascii: "}")) { return }
    var names = Set<String>(minimumCapacity: 6)
    repeat {
      guard cursor.peek() == UInt8(ascii: "\"") else { throw cursor.unexpected("a name in quotes") }
      let name = try cursor.string(maximumCount: maximumNameCount)
      do throws(FormatError) {
        guard names.insert(name).inserted else { throw FormatError(.malformed, "this name comes twice") }
        try cursor.expect(UInt8(ascii: ":"))
        try readValue(name)
      } catch {
        throw error.at("/" + escaped(name))
      }
    } while cursor.skip(UInt8(ascii: ","))
    guard cursor.skip(UInt8(ascii: "}")) else { throw cursor.unexpected("',' or '}'") }
  }

  /// A name as a reference token of a JSON pointer.
  private static func escaped(_ name: String) -> String {
    String(
      name.unicodeScalars.reduce(into: "") { pointer, scalar in
        switch scalar {
        case "~": pointer += "~0"
        case "/": pointer += "~1"
        default: pointer.unicodeScalars.append(scalar)
        }
      })
  }
}
