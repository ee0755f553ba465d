extension NPY {
  /// An npy file, version 1.0, of float32 in C order.
  ///
  /// - Parameters:
  ///   - values: as many as `shape` says.
  ///   - shape: at least one axis.
  public static func encode(_ values: [Float], shape: [Int]) -> [UInt8] {
    precondition(values.count == shape.reduce(1, *))
    return header("<f4", shape) + values.withUnsafeBytes { Array($0) }
  }

  /// The same of uint8.
  public static func encode(_ values: [UInt8], shape: [Int]) -> [UInt8] {
    precondition(values.count == shape.reduce(1, *))
    return header("|u1", shape) + values
  }

  private static func header(_ type: String, _ shape: [Int]) -> [UInt8] {
    precondition(!shape.isEmpty)
    let extents = shape.map { "\($0)," }.joined(separator: " ")
    var header = Array("{'descr': '\(type)', 'fortran_order': False, 'shape': (\(extents)), }".utf8)
    // The data begin at a multiple of 64.
    let padding = 63 - (10 + header.count) % 64
    header += [UInt8](repeating: UInt8(ascii: " "), count: padding) + [UInt8(ascii: "\n")]
    let count = UInt16(header.count)
    return magic + [1, 0, UInt8(count & 0xFF), UInt8(count >> 8)] + header
  }
}
