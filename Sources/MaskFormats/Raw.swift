public import Hausdorff

/// Elements without any header: C order, little-endian.
public enum Raw {
  /// Takes `range` of `source` (all of it by default) as an array of `shape` and `type`, without a copy.
  ///
  /// - Throws: `FormatError` where the shape has no axes, an axis that is not positive or a product over the limits, and
  ///   where the range is not exactly as long as shape and type say.
  public static func array(
    _ source: any ByteSource, range: Range<Int>? = nil, shape: [Int], type: ScalarType,
    limits: FormatLimits = FormatLimits()
  ) throws(FormatError) -> NumericArray {
    try array(source, range: range, shape: shape, type: .scalar(type), limits: limits)
  }

  /// Takes it likewise, without a copy but for bits, each of which becomes a boolean.
  ///
  /// - Throws: as above, and where bits behind the end of a row are not 0: the shape, or the order of bits, is another.
  public static func array(
    _ source: any ByteSource, range: Range<Int>? = nil, shape: [Int], type: RawType,
    limits: FormatLimits = FormatLimits()
  ) throws(FormatError) -> NumericArray {
    let range = range ?? 0..<source.count
    let count = try limits.byteCount(shape: shape, type: type.scalarType)
    let expected = type.byteCount(shape: shape)
    guard range.count == expected else {
      throw FormatError(
        .malformed,
        "\(range.count) bytes of data; shape \(shape) and dtype \(type.rawValue) make \(expected)")
    }
    guard type == .bit else {
      return NumericArray(source: source, range: range, shape: shape, type: type.scalarType)
    }
    let booleans = try OwnedBytes(count: count) { (output) throws(FormatError) in
      try source.withBytes { (bytes) throws(FormatError) in
        try bytes.extracting(range).withUnsafeBytes { (input) throws(FormatError) in
          try unpack(input, to: output, width: shape.last!)
        }
      }
    }
    return NumericArray(booleans, shape: shape, type: .bool)
  }

  /// Spreads rows of `width` bits, each padded to whole bytes, to a byte each.
  private static func unpack(
    _ input: UnsafeRawBufferPointer, to output: UnsafeMutableRawBufferPointer, width: Int
  ) throws(FormatError) {
    let (whole, rest) = width.quotientAndRemainder(dividingBy: 8)
    var (read, written) = (0, 0)
    while written < output.count {
      for _ in 0..<whole {
        output.storeBytes(of: spread(input[read]), toByteOffset: written, as: UInt64.self)
        (read, written) = (read + 1, written + 8)
      }
      guard rest > 0 else { continue }
      guard input[read] >> rest == 0 else {
        throw FormatError(
          .malformed, "byte \(read) of the data has bits behind the end of its row of \(width) that are not 0"
        )
      }
      let bytes = spread(input[read]).littleEndian
      for bit in 0..<rest { output[written + bit] = UInt8(truncatingIfNeeded: bytes >> UInt64(8 * bit)) }
      (read, written) = (read + 1, written + rest)
    }
  }

  /// Eight bytes of 0 or 1, in memory the least significant bit of `bits` first.
  @inline(__always)
  private static func spread(_ bits: UInt8) -> UInt64 {
    // Each byte of the product keeps one bit, at a place of its own, which a carry brings to the byte's highest.
    let apart = UInt64(bits) &* 0x0101_0101_0101_0101 & 0x8040_2010_0804_0201
    return ((apart &+ 0x7F7F_7F7F_7F7F_7F7F) >> 7 & 0x0101_0101_0101_0101).littleEndian
  }
}
