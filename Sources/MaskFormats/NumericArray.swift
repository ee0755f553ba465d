public import Hausdorff

/// A dense array of numbers in C order and the byte order of this machine.
///
/// The bytes stay where they came from if they already had that form there; they need not be aligned.
public struct NumericArray: Sendable {
  /// Extent of each axis, outermost first: 1 to 5 of them, all positive.
  public let shape: [Int]
  /// Type of every element.
  public let type: ScalarType
  /// Where the points lie; nil where the array came from nothing that says so. NIfTI files do, and only they: such an
  /// array has axes of space alone.
  public let geometry: Geometry?

  let source: any ByteSource
  let range: Range<Int>

  /// Takes `range` of `source`, which the caller has measured against `shape` and `type`.
  init(
    source: any ByteSource, range: Range<Int>, shape: [Int], type: ScalarType, geometry: Geometry? = nil
  ) {
    precondition(range.lowerBound >= 0 && range.upperBound <= source.count)
    self.source = source
    self.range = range
    self.shape = shape
    self.type = type
    self.geometry = geometry
  }

  /// Takes what lies in `range` of `source` in `order`: without a copy where it lies as it must.
  ///
  /// - Throws: `FormatError.tooLarge` where there is no memory for a copy.
  init(
    stored range: Range<Int>, of source: any ByteSource, _ order: ElementOrder, geometry: Geometry? = nil
  ) throws(FormatError) {
    if order.isNative {
      self.init(source: source, range: range, shape: order.shape, type: order.type, geometry: geometry)
    } else {
      let bytes = try source.withBytes { (bytes) throws(FormatError) in
        try order.native(bytes.extracting(range))
      }
      self.init(
        source: bytes, range: 0..<bytes.count, shape: order.shape, type: order.type, geometry: geometry)
    }
  }

  /// Takes all of `bytes`.
  init(_ bytes: OwnedBytes, shape: [Int], type: ScalarType) {
    self.init(source: bytes, range: 0..<bytes.count, shape: shape, type: type)
  }

  /// Copies float32 values, as many as `shape` says.
  ///
  /// - Throws: `FormatError.tooLarge` where there is no memory.
  public init(_ values: [Float], shape: [Int]) throws(FormatError) {
    precondition(values.count == shape.reduce(1, *))
    let bytes = try OwnedBytes(count: 4 * values.count) { target in
      values.withUnsafeBytes { target.copyMemory(from: $0) }
    }
    self.init(bytes, shape: shape, type: .float32)
  }

  /// The same with uint8.
  public init(_ values: [UInt8], shape: [Int]) throws(FormatError) {
    precondition(values.count == shape.reduce(1, *))
    self.init(try OwnedBytes(count: values.count) { $0.copyBytes(from: values) }, shape: shape, type: .uint8)
  }

  /// Number of bytes: the product of `shape` times the size of an element.
  public var byteCount: Int { range.count }

  /// Lends the elements, `byteCount` bytes at any alignment, for the duration of `body`.
  public func withBytes<Result, Failure: Error>(
    _ body: (RawSpan) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    try source.withBytes { (bytes) throws(Failure) in try body(bytes.extracting(range)) }
  }
}
