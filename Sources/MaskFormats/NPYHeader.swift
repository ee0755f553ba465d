import Hausdorff

/// What the header of an npy file says.
struct NPYHeader: Equatable {
  var shape: [Int]
  var type: ScalarType
  /// Whether the bytes of each element are big-endian.
  var isByteSwapped: Bool
  var isFortranOrder: Bool

  /// Parses a Python dictionary of exactly `descr`, `fortran_order` and `shape`, in any order.
  init(parsing text: [UInt8]) throws(FormatError) {
    var parser = PythonLiteralParser(text)
    var descr: String?
    var isFortranOrder: Bool?
    var shape: [Int]?
    try parser.dictionary { (parser, key) throws(FormatError) in
      switch key {
      case "descr" where descr == nil: descr = try Self.descr(&parser)
      case "fortran_order" where isFortranOrder == nil: isFortranOrder = try parser.bool()
      case "shape" where shape == nil: shape = try parser.tuple()
      default: throw FormatError(.malformed, "the npy header has an unknown or repeated key '\(key)'")
      }
    }
    guard let descr, let isFortranOrder, let shape else {
      throw FormatError(.malformed, "the npy header lacks 'descr', 'fortran_order' or 'shape'")
    }
    self.shape = shape
    self.isFortranOrder = isFortranOrder
    (type, isByteSwapped) = try Self.scalarType(descr)
  }

  private static func descr(_ parser: inout PythonLiteralParser) throws(FormatError) -> String {
    guard parser.peek() != UInt8(ascii: "[") else {
      throw FormatError(.unsupported, "npy arrays of structured dtype have no single number per element")
    }
    return try parser.string()
  }

  /// The element type that `descr` names, such as `<f4`, and whether it is big-endian.
  private static func scalarType(_ descr: String) throws(FormatError) -> (ScalarType, Bool) {
    let code = descr.dropFirst()
    let types: [Substring: ScalarType] = [
      "b1": .bool, "u1": .uint8, "i1": .int8, "u2": .uint16, "i2": .int16, "u4": .uint32, "i4": .int32,
      "u8": .uint64, "i8": .int64, "f2": .float16, "f4": .float32, "f8": .float64,
    ]
    if code.first == "O" || descr == "O" {
      throw FormatError(.unsupported, "npy dtype 'O' holds pickled Python objects, which are never loaded")
    }
    guard let order = descr.first, "<>=|".contains(order), let type = types[code],
      order != "|" || type.byteCount == 1
    else {
      throw FormatError(.unsupported, "npy dtype '\(descr)' is no boolean, integer or float type")
    }
    return (type, order == ">" && type.byteCount > 1)
  }
}
