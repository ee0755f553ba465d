import Hausdorff

/// Files of NumPy's npy format, versions 1.0 to 3.0.
public enum NPY {
  static let magic: [UInt8] = [0x93] + Array("NUMPY".utf8)
  /// NumPy writes headers of a few hundred bytes, and refuses to read more than 10,000.
  private static let maximumHeaderCount = 64 << 10

  /// Decodes `range` of `source`, all of it by default.
  ///
  /// Little-endian arrays in C order stay where they are; others are copied into that form.
  ///
  /// - Throws: `FormatError` for a broken header, a type that is not a boolean, integer or float, a shape without axes,
  ///   with an empty axis or over the limits, and for data that is not exactly as long as the header says.
  public static func decode(
    _ source: any ByteSource, range: Range<Int>? = nil, limits: FormatLimits = FormatLimits()
  ) throws(FormatError) -> NumericArray {
    let range = range ?? 0..<source.count
    let (header, dataStart) = try readHeader(source, range: range)
    let count = try limits.byteCount(shape: header.shape, type: header.type)
    let data = range.lowerBound + dataStart..<range.upperBound
    guard data.count == count else {
      throw FormatError(
        .malformed,
        "the npy file holds \(data.count) bytes of data; its header declares \(count)")
    }
    return try NumericArray(
      stored: data, of: source,
      ElementOrder(
        shape: header.shape, type: header.type, isByteSwapped: header.isByteSwapped,
        isFortranOrder: header.isFortranOrder))
  }

  /// The header, and the offset in `range` of the data.
  private static func readHeader(
    _ source: any ByteSource, range: Range<Int>
  ) throws(FormatError) -> (NPYHeader, Int) {
    let prefix = bytes(of: source, in: range, 0..<12)
    guard prefix.starts(with: magic) else {
      throw FormatError(.malformed, "not an npy file: the first bytes differ")
    }
    guard prefix.count == 12 else { throw truncated(range.count) }
    let (major, minor) = (prefix[6], prefix[7])
    guard (1...3).contains(major), minor == 0 else {
      throw FormatError(.unsupported, "npy version \(major).\(minor); known are 1.0, 2.0 and 3.0")
    }
    let start = major == 1 ? 10 : 12
    let count = prefix[8..<start].reversed().reduce(0) { $0 << 8 | Int($1) }
    guard count <= maximumHeaderCount else {
      throw FormatError(
        .tooLarge, "an npy header of \(count) bytes is over the limit of \(maximumHeaderCount)")
    }
    let text = bytes(of: source, in: range, start..<start + count)
    guard text.count == count else { throw truncated(range.count) }
    return (try NPYHeader(parsing: text), start + count)
  }

  private static func truncated(_ count: Int) -> FormatError {
    FormatError(.malformed, "the npy file ends within its header, at byte \(count)")
  }

  /// A copy of the part of `wanted`, relative to `range`, that is there.
  private static func bytes(of source: any ByteSource, in range: Range<Int>, _ wanted: Range<Int>) -> [UInt8]
  {
    let part = wanted.clamped(to: 0..<range.count)
    return source.withBytes { $0.extracting(range).extracting(part).withUnsafeBytes { Array($0) } }
  }
}
