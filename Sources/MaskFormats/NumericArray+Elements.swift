import Hausdorff

extension NumericArray {
  /// A volume that has one slice as that slice: without its last axis of length 1. Every other array as it is.
  public var slice: NumericArray {
    guard let geometry, shape.count == 3, let axis = shape.lastIndex(of: 1) else { return self }
    var (shape, spacing) = (shape, geometry.spacing)
    shape.remove(at: axis)
    spacing.remove(at: axis)
    return NumericArray(
      source: source, range: range, shape: shape, type: type,
      geometry: Geometry(spacing: spacing, affine: geometry.affine))
  }

  /// The same elements as an array whose points lie where those of another of this shape do.
  public func placed(like other: NumericArray) -> NumericArray {
    precondition(other.geometry == nil || other.shape == shape)
    return NumericArray(source: source, range: range, shape: shape, type: type, geometry: other.geometry)
  }

  /// Lends all elements as float32, in their order: as they lie where they are, else converted.
  ///
  /// Booleans are 0 and 1; what float32 cannot hold is rounded, but never to the other side of `threshold`, and infinite
  /// where it is too large.
  public func withFloats<Result, Failure: Error>(
    threshold: Double, _ body: (Span<Float>) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    try withBytes { (bytes) throws(Failure) in
      try bytes.withUnsafeBytes { (bytes) throws(Failure) in
        if type == .float32, Int(bitPattern: bytes.baseAddress) % MemoryLayout<Float>.alignment == 0 {
          return try body(bytes.assumingMemoryBound(to: Float.self).span)
        }
        let count = bytes.count / type.byteCount
        let floats = convert(bytes, start: 0, stride: 1, count: count) { Float(near: $0, threshold) }
        return try body(floats.span)
      }
    }
  }

  /// `count` elements as float64, the first at `start` in C order, each `stride` behind the one before.
  public func doubles(from start: Int, stride: Int = 1, count: Int) -> [Double] {
    withBytes { bytes in
      bytes.withUnsafeBytes { convert($0, start: start, stride: stride, count: count) { $0 } }
    }
  }

  /// Those elements as an array of one axis and of the same type.
  ///
  /// - Throws: `FormatError` where there is no memory for a copy.
  public func elements(from start: Int, stride: Int, count: Int) throws(FormatError) -> NumericArray {
    let size = type.byteCount
    guard stride != 1 else {
      let first = range.lowerBound + start * size
      return NumericArray(source: source, range: first..<first + count * size, shape: [count], type: type)
    }
    let copy = try OwnedBytes(count: count * size) { output in
      withBytes { bytes in
        bytes.withUnsafeBytes { input in
          func copy<Element: FixedWidthInteger>(_: Element.Type) {
            for index in 0..<count {
              let offset = (start + index * stride) * MemoryLayout<Element>.size
              let element = input.loadUnaligned(fromByteOffset: offset, as: Element.self)
              output.storeBytes(
                of: element, toByteOffset: index * MemoryLayout<Element>.size, as: Element.self)
            }
          }
          switch size {
          case 1: copy(UInt8.self)
          case 2: copy(UInt16.self)
          case 4: copy(UInt32.self)
          default: copy(UInt64.self)
          }
        }
      }
    }
    return NumericArray(copy, shape: [count], type: type)
  }

  /// As many elements as `shape` says, from `start` in C order on, as an array of that shape.
  public func elements(from start: Int, shape: [Int]) -> NumericArray {
    let first = range.lowerBound + start * type.byteCount
    return NumericArray(
      source: source, range: first..<first + shape.reduce(type.byteCount, *), shape: shape, type: type)
  }

  /// Those elements, each made a float64, which holds all but the largest integers, and then what `value` makes of it.
  private func convert<Value>(
    _ bytes: UnsafeRawBufferPointer, start: Int, stride: Int, count: Int, _ value: (Double) -> Value
  ) -> [Value] {
    [Value](unsafeUninitializedCapacity: count) { output, initialized in
      convert(
        bytes, start: start, stride: stride, to: UnsafeMutableBufferPointer(rebasing: output[..<count]), value
      )
      initialized = count
    }
  }

  /// The same, as many as `output` has room for, which has no values yet.
  @inline(__always)
  func convert<Value>(
    _ bytes: UnsafeRawBufferPointer, start: Int, stride: Int, to output: UnsafeMutableBufferPointer<Value>,
    _ value: (Double) -> Value
  ) {
    func values<Element>(_: Element.Type, _ double: (Element) -> Double) {
      for index in output.indices {
        let offset = (start + index * stride) * MemoryLayout<Element>.size
        let element = bytes.loadUnaligned(fromByteOffset: offset, as: Element.self)
        output.initializeElement(at: index, to: value(double(element)))
      }
    }
    switch type {
    case .bool: values(UInt8.self) { $0 == 0 ? 0 : 1 }
    case .uint8: values(UInt8.self) { Double($0) }
    case .int8: values(Int8.self) { Double($0) }
    case .uint16: values(UInt16.self) { Double($0) }
    case .int16: values(Int16.self) { Double($0) }
    case .uint32: values(UInt32.self) { Double($0) }
    case .int32: values(Int32.self) { Double($0) }
    case .uint64: values(UInt64.self) { Double($0) }
    case .int64: values(Int64.self) { Double($0) }
    case .float16: values(Float16.self) { Double($0) }
    case .float32: values(Float.self) { Double($0) }
    case .float64: values(Double.self) { $0 }
    }
  }
}

extension Float {
  /// The nearest float32 on the same side of a threshold: above it, or not.
  fileprivate init(near value: Double, _ threshold: Double) {
    let nearest = Float(value)
    let isAbove = value > threshold
    self = (Double(nearest) > threshold) == isAbove ? nearest : isAbove ? nearest.nextUp : nearest.nextDown
  }
}
