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
    let range = range ?? 0..<source.count
    let expected = try limits.byteCount(shape: shape, type: type)
    guard range.count == expected else {
      throw FormatError(
        .malformed,
        "\(range.count) bytes of data; shape \(shape) and dtype \(type.rawValue) make \(expected)")
    }
    return NumericArray(source: source, range: range, shape: shape, type: type)
  }
}
