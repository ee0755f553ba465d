import Hausdorff

/// The JSON text of a request of the Open Inference Protocol.
struct TensorText {
  /// A tensor as the text tells it.
  struct Tensor {
    let name: String
    let shape: [Int]
    let type: ScalarType
    /// Its `data`; uint8 or float64, flat or nested.
    let numbers: NumericArray?
    /// How many of the bytes behind the text are its.
    let byteCount: Int?
  }

  private(set) var id: String?
  private(set) var inputs: [Tensor] = []
  private(set) var outputs: [TensorRequest.Output]?
  private(set) var parameters: [JSONMember] = []

  init(_ cursor: borrowing JSONCursor, _ limits: FormatLimits) throws(FormatError) {
    guard cursor.peek() == UInt8(ascii: "{") else { throw cursor.unexpected("an object") }
    var reader = JSONValueReader(limits: limits)
    var hasInputs = false
    try JSONValueReader.members(cursor) { (name) throws(FormatError) in
      switch name {
      case "id": id = try cursor.string(maximumCount: limits.maximumStringBytes)
      // The path names them; some clients send them as well.
      case "model_name", "model_version": _ = try reader.value(cursor)
      case "parameters": parameters = try Self.members(cursor, &reader)
      case "outputs": outputs = try Self.outputs(cursor, &reader)
      case "inputs":
        hasInputs = true
        inputs = try Self.list(cursor) { () throws(FormatError) in
          try Self.input(cursor, &reader, limits)
        }
      default:
        throw FormatError(
          .unsupported, "a request has no such member; it has id, inputs, outputs and parameters")
      }
    }
    try cursor.expectEnd()
    guard hasInputs else { throw FormatError(.malformed, "is missing", path: "/inputs") }
  }

  private static func list<Element>(
    _ cursor: borrowing JSONCursor, _ element: () throws(FormatError) -> Element
  ) throws(FormatError) -> [Element] {
    try cursor.expect(UInt8(ascii: "["))
    var list: [Element] = []
    if cursor.skip(UInt8(ascii: "]")) { return list }
    repeat {
      do throws(FormatError) {
        guard list.count < TensorRequest.maximumCount else {
          throw FormatError(.tooLarge, "there are more than \(TensorRequest.maximumCount) tensors")
        }
        guard cursor.peek() == UInt8(ascii: "{") else { throw cursor.unexpected("an object") }
        list.append(try element())
      } catch {
        throw error.at("/\(list.count)")
      }
    } while cursor.skip(UInt8(ascii: ","))
    guard cursor.skip(UInt8(ascii: "]")) else { throw cursor.unexpected("',' or ']'") }
    return list
  }

  private static func members(
    _ cursor: borrowing JSONCursor, _ reader: inout JSONValueReader
  ) throws(FormatError) -> [JSONMember] {
    guard cursor.peek() == UInt8(ascii: "{"), case .object(let members) = try reader.value(cursor) else {
      throw cursor.unexpected("an object")
    }
    return members
  }

  private static func input(
    _ cursor: borrowing JSONCursor, _ reader: inout JSONValueReader, _ limits: FormatLimits
  ) throws(FormatError) -> Tensor {
    var name: String?
    var shape: [Int]?
    var type: ScalarType?
    var numbers: NumericArray?
    var byteCount: Int?
    try JSONValueReader.members(cursor) { (member) throws(FormatError) in
      switch member {
      case "name": name = try cursor.string(maximumCount: 256)
      case "shape": shape = try EncodedArray.shape(cursor, limits: limits)
      case "datatype": type = try Self.type(named: try cursor.string(maximumCount: 32))
      case "data": numbers = try cursor.numbers(limits: limits)
      case "parameters":
        let parameters = try members(cursor, &reader)
        try refuseElsewhere(parameters)
        byteCount = try Self.byteCount(parameters)
      default:
        throw FormatError(
          .unsupported, "a tensor has no such member; it has name, shape, datatype, parameters and data")
      }
    }
    guard let name else { throw FormatError(.malformed, "is missing", path: "/name") }
    guard let shape else { throw FormatError(.malformed, "is missing", path: "/shape") }
    guard let type else { throw FormatError(.malformed, "is missing", path: "/datatype") }
    return Tensor(name: name, shape: shape, type: type, numbers: numbers, byteCount: byteCount)
  }

  private static func type(named name: String) throws(FormatError) -> ScalarType {
    guard let type = ScalarType(tensorName: name) else {
      let known = ScalarType.allCases.map(\.tensorName).joined(separator: ", ")
      throw FormatError(.unsupported, "'\(name)' is not one of \(known)")
    }
    return type
  }

  private static func byteCount(_ parameters: [JSONMember]) throws(FormatError) -> Int? {
    guard let value = parameters.first(where: { $0.name == "binary_data_size" })?.value else { return nil }
    guard case .number(let number) = value, let count = Int(exactly: number), count >= 0 else {
      throw FormatError(.malformed, "is not a number of bytes", path: "/binary_data_size")
    }
    return count
  }

  /// Refuses elements in memory that is shared with the client.
  private static func refuseElsewhere(_ parameters: [JSONMember]) throws(FormatError) {
    if let member = parameters.first(where: { $0.name.hasPrefix("shared_memory") }) {
      throw FormatError(.unsupported, "shared memory is not supported", path: "/\(member.name)")
    }
  }

  private static func outputs(
    _ cursor: borrowing JSONCursor, _ reader: inout JSONValueReader
  ) throws(FormatError) -> [TensorRequest.Output] {
    var names: Set<String> = []
    return try list(cursor) { () throws(FormatError) in
      let output = try output(members(cursor, &reader))
      guard names.insert(output.name).inserted else {
        throw FormatError(.malformed, "'\(output.name.prefix(40))' is given twice", path: "/name")
      }
      return output
    }
  }

  private static func output(_ members: [JSONMember]) throws(FormatError) -> TensorRequest.Output {
    var name: String?
    var isBinary: Bool?
    for member in members {
      switch (member.name, member.value) {
      case ("name", .string(let text)): name = text
      case ("parameters", .object(let parameters)):
        do throws(FormatError) { try refuseElsewhere(parameters) } catch { throw error.at("/parameters") }
        for parameter in parameters {
          switch (parameter.name, parameter.value) {
          case ("binary_data", .bool(let flag)): isBinary = flag
          case ("binary_data", _):
            throw FormatError(.malformed, "is not true or false", path: "/parameters/binary_data")
          case ("classification", _):
            throw FormatError(
              .unsupported, "classification is not supported", path: "/parameters/classification")
          default: break
          }
        }
      case ("name", _), ("parameters", _):
        throw FormatError(.malformed, "is of another kind of value", path: "/\(member.name)")
      default:
        throw FormatError(.unsupported, "an output has only a name and parameters", path: "/\(member.name)")
      }
    }
    guard let name else { throw FormatError(.malformed, "is missing", path: "/name") }
    return TensorRequest.Output(name: name, isBinary: isBinary)
  }
}
