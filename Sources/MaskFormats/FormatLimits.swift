import Hausdorff

/// How much a decoder may produce, whatever its input declares.
public struct FormatLimits: Equatable, Sendable {
  /// Most bytes that one decoded array may take, and so may an image or a file in base64 on its way to one.
  public var maximumBytes: Int
  /// Most axes that an array may have; JSON allows 5 at most, whatever is said here.
  public var maximumRank: Int
  /// Most values, and members of objects, that the options of one JSON request may hold.
  public var maximumOptionValues: Int
  /// How deep the options of a JSON request may nest.
  public var maximumOptionDepth: Int
  /// Most bytes, as written, of a string among the options of a JSON request.
  public var maximumStringBytes = 64 << 10
  /// Whether files within JSON are decoded, rather than being too large; their decoding may take long.
  public var decodesFiles = true

  /// The limits of a server that is told nothing else: 512 MiB, 5 axes, 4096 values, 8 levels.
  public init(
    maximumBytes: Int = 512 << 20, maximumRank: Int = 5, maximumOptionValues: Int = 4096,
    maximumOptionDepth: Int = 8
  ) {
    self.maximumBytes = maximumBytes
    self.maximumRank = maximumRank
    self.maximumOptionValues = maximumOptionValues
    self.maximumOptionDepth = maximumOptionDepth
  }

  /// Bytes of an array of `shape` and `type`.
  ///
  /// - Throws: `FormatError` where the shape has no axes, too many, an axis that is not positive, or where the product
  ///   overflows or is over the limit.
  func byteCount(shape: [Int], type: ScalarType) throws(FormatError) -> Int {
    guard !shape.isEmpty else {
      throw FormatError(.malformed, "an array of rank 0 is a single number, not a mask")
    }
    guard shape.count <= maximumRank else {
      throw FormatError(.tooLarge, "the array has \(shape.count) axes; at most \(maximumRank) are allowed")
    }
    var bytes = type.byteCount
    for extent in shape {
      guard extent > 0 else {
        throw FormatError(
          .malformed, "shape \(shape) has an axis of length \(extent); every axis needs at least 1")
      }
    }
    for extent in shape {
      let (product, overflow) = bytes.multipliedReportingOverflow(by: extent)
      guard !overflow, product <= maximumBytes else {
        throw FormatError(
          .tooLarge,
          "an array of shape \(shape) and type \(type.rawValue) is over the limit of \(maximumBytes) bytes")
      }
      bytes = product
    }
    return bytes
  }
}
