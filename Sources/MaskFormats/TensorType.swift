public import Hausdorff

/// The names that the Open Inference Protocol has for types of elements.
extension ScalarType {
  /// The type of that name, such as `FP32`; nil for any other, and for `BYTES`, which are no numbers.
  public init?(tensorName name: String) {
    guard let type = ScalarType.allCases.first(where: { $0.tensorName == name }) else { return nil }
    self = type
  }

  /// The name, such as `UINT8`.
  public var tensorName: String {
    switch self {
    case .float16: "FP16"
    case .float32: "FP32"
    case .float64: "FP64"
    default: rawValue.uppercased()
    }
  }

  /// The values that an element may have; nil where it may have fractions.
  var integers: ClosedRange<Double>? {
    func range<Integer: FixedWidthInteger>(_: Integer.Type) -> ClosedRange<Double> {
      Double(Integer.min)...Double(Integer.max)
    }
    return switch self {
    case .bool: 0...1
    case .uint8: range(UInt8.self)
    case .int8: range(Int8.self)
    case .uint16: range(UInt16.self)
    case .int16: range(Int16.self)
    case .uint32: range(UInt32.self)
    case .int32: range(Int32.self)
    case .uint64: range(UInt64.self)
    case .int64: range(Int64.self)
    case .float16, .float32, .float64: nil
    }
  }
}

extension NumericArray {
  /// Numbers that were read from JSON, uint8 or float64, as a tensor of that shape and type.
  ///
  /// What is of no fractions stays as it was read, float64 too: other types hold the same values. Fractions become float32
  /// where the type is no wider, rounded as in that type.
  ///
  /// - Throws: `FormatError` for another shape, neither that of the tensor nor flat, and for a value that the type lacks.
  func tensor(shape: [Int], type: ScalarType, limits: FormatLimits) throws(FormatError) -> NumericArray {
    _ = try limits.byteCount(shape: shape, type: type)
    let count = shape.reduce(1, *)
    guard self.shape == shape || self.shape == [count] else {
      throw FormatError(
        .malformed, "has shape \(self.shape), which is neither \(shape), as 'shape' says, nor flat")
    }
    let numbers = NumericArray(source: source, range: range, shape: shape, type: self.type)
    if self.type == .uint8, type != .bool, type != .int8 { return numbers }
    if let integers = type.integers {
      if let place = numbers.first(where: { !(integers.contains($0) && $0 == $0.rounded()) }) {
        throw numbers.unfit(at: place, type)
      }
      return numbers
    }
    guard type != .float64 else { return numbers }
    let floats = try OwnedBytes(count: count * MemoryLayout<Float>.size) { output in
      numbers.withBytes { bytes in
        bytes.withUnsafeBytes { input in
          numbers.convert(
            input, start: 0, stride: 1, to: output.bindMemory(to: Float.self),
            type == .float16 ? { Float(Float16($0)) } : { Float($0) })
        }
      }
    }
    let tensor = NumericArray(floats, shape: shape, type: .float32)
    if let place = tensor.first(where: { !$0.isFinite }) { throw numbers.unfit(at: place, type) }
    return tensor
  }

  /// Where the first value is, in C order, of which something holds.
  private func first(where isMeant: (Double) -> Bool) -> Int? {
    let count = byteCount / type.byteCount
    // In parts, so that no copy of the whole is made.
    for start in stride(from: 0, to: count, by: 4096) {
      let part = doubles(from: start, count: min(4096, count - start))
      if let place = part.firstIndex(where: isMeant) { return start + place }
    }
    return nil
  }

  private func unfit(at place: Int, _ type: ScalarType) -> FormatError {
    var rest = place
    let index = shape.reversed().map { extent in
      defer { rest /= extent }
      return rest % extent
    }
    let value = doubles(from: place, count: 1)[0]
    return FormatError(
      .malformed, "holds \(value) at index \(Array(index.reversed())), which is no \(type.tensorName)")
  }

  /// Whether the elements lie where ones of their type do in arrays of their own.
  public var isAligned: Bool {
    withBytes { bytes in
      bytes.withUnsafeBytes { Int(bitPattern: $0.baseAddress) % type.byteCount == 0 }
    }
  }
}
