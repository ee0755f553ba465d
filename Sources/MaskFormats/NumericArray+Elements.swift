import Hausdorff

extension NumericArray {
  /// Lends all elements as float32, in their order: as they lie where they are, else converted.
  ///
  /// Booleans are 0 and 1; what float32 cannot hold is rounded, and infinite where it is too large.
  public func withFloats<Result, Failure: Error>(
    _ body: (Span<Float>) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    try withBytes { (bytes) throws(Failure) in
      try bytes.withUnsafeBytes { (bytes) throws(Failure) in
        if type == .float32, Int(bitPattern: bytes.baseAddress) % MemoryLayout<Float>.alignment == 0 {
          return try body(bytes.assumingMemoryBound(to: Float.self).span)
        }
        let count = bytes.count / type.byteCount
        return try body(convert(bytes, start: 0, stride: 1, count: count, to: Float.self).span)
      }
    }
  }

  /// `count` elements as float64, the first at `start` in C order, each `stride` behind the one before.
  public func doubles(from start: Int, stride: Int = 1, count: Int) -> [Double] {
    withBytes { bytes in
      bytes.withUnsafeBytes { convert($0, start: start, stride: stride, count: count, to: Double.self) }
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
          for index in 0..<count {
            let from = (start + index * stride) * size
            UnsafeMutableRawBufferPointer(rebasing: output[index * size..<(index + 1) * size])
              .copyMemory(from: UnsafeRawBufferPointer(rebasing: input[from..<from + size]))
          }
        }
      }
    }
    return NumericArray(copy, shape: [count], type: type)
  }

  private func convert<Value: BinaryFloatingPoint>(
    _ bytes: UnsafeRawBufferPointer, start: Int, stride: Int, count: Int, to: Value.Type
  ) -> [Value] {
    func values<Element>(_: Element.Type, _ value: (Element) -> Value) -> [Value] {
      [Value](unsafeUninitializedCapacity: count) { output, initialized in
        for index in 0..<count {
          let offset = (start + index * stride) * MemoryLayout<Element>.size
          output.initializeElement(
            at: index, to: value(bytes.loadUnaligned(fromByteOffset: offset, as: Element.self)))
        }
        initialized = count
      }
    }
    return switch type {
    case .bool: values(UInt8.self) { $0 == 0 ? 0 : 1 }
    case .uint8: values(UInt8.self) { Value($0) }
    case .int8: values(Int8.self) { Value($0) }
    case .uint16: values(UInt16.self) { Value($0) }
    case .int16: values(Int16.self) { Value($0) }
    case .uint32: values(UInt32.self) { Value($0) }
    case .int32: values(Int32.self) { Value($0) }
    case .uint64: values(UInt64.self) { Value($0) }
    case .int64: values(Int64.self) { Value($0) }
    case .float16: values(Float16.self) { Value($0) }
    case .float32: values(Float.self) { Value($0) }
    case .float64: values(Double.self) { Value($0) }
    }
  }
}
