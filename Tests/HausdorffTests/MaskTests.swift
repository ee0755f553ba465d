import Testing

@testable import Hausdorff

@Suite struct MaskTests {
  static func mask<Value: BitwiseCopyable>(
    _ values: [Value], _ shape: [Int], _ type: ScalarType, _ threshold: Double = 0.5
  ) throws -> Mask {
    try values.withUnsafeBytes {
      try Mask(shape: shape, elements: RawSpan(_unsafeBytes: $0), type: type, threshold: threshold)
    }
  }

  static func bits(_ mask: Mask) -> [Bool] {
    (0..<mask.rows).flatMap { row in (0..<mask.columns).map { mask[row, $0] } }
  }

  static func packs<Value: FixedWidthInteger & BitwiseCopyable>(
    _ type: ScalarType, _: Value.Type, _ threshold: Double, _ random: inout SeededGenerator
  ) throws -> Bool {
    let near = Value(clamping: Int(max(-1e18, min(1e18, threshold))))
    for columns in [1, 7, 63, 64, 65, 130] {
      let values = (0..<(3 * columns)).map { index -> Value in
        switch index % 4 {
        case 0: Value.random(in: .min ... .max, using: &random)
        case 1: near
        case 2: near == .max ? near : near + 1
        default: near == .min ? near : near - 1
        }
      }
      let mask = try mask(values, [3, columns], type, threshold)
      guard bits(mask) == values.map({ Double($0) > threshold }) else { return false }
    }
    return true
  }

  @Test(arguments: [
    -1e30, -129, -1, -0.5, 0, 0.5, 1, 127.5, 254, 255, 65_535, 1e9, 9_007_199_254_740_992, 1e30,
  ])
  func `integers are foreground above the threshold in float64`(threshold: Double) throws {
    var random = SeededGenerator(state: 4)
    #expect(try Self.packs(.uint8, UInt8.self, threshold, &random))
    #expect(try Self.packs(.int8, Int8.self, threshold, &random))
    #expect(try Self.packs(.uint16, UInt16.self, threshold, &random))
    #expect(try Self.packs(.int16, Int16.self, threshold, &random))
    #expect(try Self.packs(.uint32, UInt32.self, threshold, &random))
    #expect(try Self.packs(.int32, Int32.self, threshold, &random))
    #expect(try Self.packs(.uint64, UInt64.self, threshold, &random))
    #expect(try Self.packs(.int64, Int64.self, threshold, &random))
  }

  @Test(arguments: [-0.25, 0, 0.1, 0.5, 0.7, 1e-50, 65_504, 1e300])
  func `floating-point values are foreground above the threshold in float64`(threshold: Double) throws {
    var random = SeededGenerator(state: 5)
    for columns in [1, 64, 100] {
      let doubles = (0..<(2 * columns)).map { index -> Double in
        index % 3 == 0 ? threshold : index % 3 == 1 ? threshold.nextUp : .random(in: -1...1, using: &random)
      }
      let floats = doubles.map { Float(max(-3e38, min(3e38, $0))) }
      #expect(
        try Self.bits(Self.mask(doubles, [2, columns], .float64, threshold)) == doubles.map { $0 > threshold }
      )
      #expect(
        try Self.bits(Self.mask(floats, [2, columns], .float32, threshold))
          == floats.map { Double($0) > threshold })
      let halves = floats.map { Self.half(max(-60_000, min(60_000, $0))) }
      #expect(
        try Self.bits(Self.mask(halves, [2, columns], .float16, threshold))
          == halves.map { Self.value($0) > threshold })
    }
  }

  /// A float as the bits of a half, cut off where it has more digits.
  static func half(_ value: Float) -> UInt16 {
    let magnitude = abs(value)
    let sign: UInt16 = value.sign == .minus ? 0x8000 : 0
    guard magnitude >= 0x1p-14 else { return sign | UInt16(magnitude * 0x1p24) }
    return sign | UInt16(truncatingIfNeeded: (magnitude.bitPattern >> 13) &- (112 << 10))
  }

  static func value(_ half: UInt16) -> Double {
    let (exponent, fraction) = (Int(half >> 10 & 31), Double(half & 1023))
    let magnitude =
      exponent == 0
      ? fraction * 0x1p-24
      : (1 + fraction / 1024) * Double(sign: .plus, exponent: exponent - 15, significand: 1)
    return half & 0x8000 == 0 ? magnitude : -magnitude
  }

  @Test func `any non-zero byte is true`() throws {
    #expect(
      try Self.bits(Self.mask([0, 1, 2, 255] as [UInt8], [2, 2], .bool)) == [false, true, true, true])
  }

  @Test(arguments: [Double.nan, .infinity, -.infinity])
  func `a value that is not finite is named by its index`(value: Double) {
    var doubles = [Double](repeating: 0, count: 2 * 3 * 70)
    doubles[(1 * 3 + 2) * 70 + 66] = value
    #expect(throws: MaskError.notFinite(index: [1, 2, 66])) {
      try Self.mask(doubles, [2, 3, 70], .float64)
    }
    #expect(throws: MaskError.notFinite(index: [5, 66])) {
      try Self.mask(doubles.map { Float($0) }, [6, 70], .float32)
    }
  }

  @Test func `the boundary is what its definition says`() {
    var random = SeededGenerator(state: 6)
    for shape in [[1, 1], [5, 5], [7, 64], [9, 65], [4, 130], [1, 1, 1], [3, 4, 5], [5, 3, 66]] {
      for density in [0.3, 0.7, 0.95, 1] {
        let mask = Mask.noise(shape, density: density, using: &random)
        #expect(mask.boundary == mask.boundaryByDefinition)
      }
    }
  }

  @Test func `transposing moves every point`() {
    var random = SeededGenerator(state: 8)
    let mask = Mask.noise([5, 6, 70], density: 0.3, using: &random)
    for order in [[2, 0, 1], [1, 0, 2], [0, 2, 1]] {
      let moved = mask.transposed(to: order)
      #expect(moved.shape == order.map { mask.shape[$0] })
      #expect(Set(moved.points) == Set(mask.points.map { point in order.map { point[$0] } }))
    }
  }
}
