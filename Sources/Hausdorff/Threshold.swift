import CKernels

/// A comparison `value > threshold` in float64, in the terms of the element type.
///
/// Conversion to float64 is monotone, so the values above a threshold begin at one smallest integer, and a
/// floating-point value is above the threshold just where it is above the largest value of its type that is not.
struct Threshold {
  /// Smallest integer above the threshold, as a bit pattern; nil where the type has none.
  let integer: Int64?
  let real: Double
  let type: ck_scalar

  init(_ threshold: Double, type: ScalarType) {
    var real = threshold
    switch type {
    case .bool:
      // Every non-zero byte is 1.
      integer = threshold < 0 ? 0 : threshold < 1 ? 1 : nil
      self.type = ck_uint8
    case .uint8: (integer, self.type) = (Self.least(UInt8.self, above: threshold), ck_uint8)
    case .int8: (integer, self.type) = (Self.least(Int8.self, above: threshold), ck_int8)
    case .uint16: (integer, self.type) = (Self.least(UInt16.self, above: threshold), ck_uint16)
    case .int16: (integer, self.type) = (Self.least(Int16.self, above: threshold), ck_int16)
    case .uint32: (integer, self.type) = (Self.least(UInt32.self, above: threshold), ck_uint32)
    case .int32: (integer, self.type) = (Self.least(Int32.self, above: threshold), ck_int32)
    case .uint64: (integer, self.type) = (Self.least(UInt64.self, above: threshold), ck_uint64)
    case .int64: (integer, self.type) = (Self.least(Int64.self, above: threshold), ck_int64)
    case .float16, .float32:
      let nearest = Float(threshold)
      real = Double(Double(nearest) > threshold ? nearest.nextDown : nearest)
      (integer, self.type) = (0, type == .float16 ? ck_float16 : ck_float32)
    case .float64: (integer, self.type) = (0, ck_float64)
    }
    self.real = real
  }

  private static func least<Value: FixedWidthInteger>(_: Value.Type, above threshold: Double) -> Int64? {
    guard Double(Value.max) > threshold else { return nil }
    var (low, high) = (Value.min, Value.max)  // the answer is in low...high
    while low < high {
      let middle = (low & high) + ((low ^ high) >> 1)  // the floor of their mean
      if Double(middle) > threshold { high = middle } else { low = middle + 1 }
    }
    return Int64(truncatingIfNeeded: low)
  }
}
