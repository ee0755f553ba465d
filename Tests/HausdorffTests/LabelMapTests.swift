import CKernels
import Testing

@testable import Hausdorff

/// Label maps of every type, against loops over their points.
@Suite struct LabelMapTests {
  /// An array in which each point has one of some values, in runs.
  struct Labelled<Value: BitwiseCopyable & Sendable> {
    let shape: [Int]
    let type: ScalarType
    /// Values that a point may have, and the label that each is; nil for what is no label.
    let choices: [(value: Value, label: Int?)]
    /// For each point the index of its value.
    let chosen: [Int]
    let values: [Value]

    init(
      _ shape: [Int], _ type: ScalarType, _ choices: [(value: Value, label: Int?)],
      using random: inout SeededGenerator
    ) {
      (self.shape, self.type, self.choices) = (shape, type, choices)
      var chosen: [Int] = []
      for _ in 0..<shape.reduce(1, *) {
        let repeats = chosen.count > 0 && Int.random(in: 0..<8, using: &random) > 0
        chosen.append(repeats ? chosen[chosen.count - 1] : Int.random(in: choices.indices, using: &random))
      }
      self.chosen = chosen
      values = chosen.map { choices[$0].value }
    }

    func withElements<Result>(_ body: (RawSpan) throws -> Result) rethrows -> Result {
      try values.withUnsafeBytes { try body(RawSpan(_unsafeBytes: $0)) }
    }

    func label(_ index: [Int]) -> Int? {
      choices[chosen[zip(index, shape).reduce(0) { $0 * $1.1 + $1.0 }]].label
    }

    var whole: LabelMap.Box { LabelMap.Box(ranges: shape.map { 0..<$0 }) }

    func part(using random: inout SeededGenerator) -> LabelMap.Box {
      LabelMap.Box(
        ranges: shape.map { extent in
          let first = Int.random(in: 0..<extent, using: &random)
          return first..<Int.random(in: first + 1...extent, using: &random)
        })
    }

    /// The points of a label, by a look at each.
    func mask(of label: Int, in box: LabelMap.Box) -> Mask {
      Mask(box.shape) { index in self.label(zip(index, box.ranges).map { $0 + $1.lowerBound }) == label }
    }

    /// Where each label but 0 lies, by a look at each point.
    var boxes: [Int: LabelMap.Box] {
      var boxes: [Int: LabelMap.Box] = [:]
      for point in Mask(shape, where: { _ in true }).points {
        guard let label = label(point), label != 0 else { continue }
        let here = LabelMap.Box(ranges: point.map { $0..<$0 + 1 })
        boxes[label] = boxes[label]?.union(here) ?? here
      }
      return boxes
    }
  }

  static let shapes = [
    [5, 1], [4, 7], [9, 63], [3, 64], [7, 65], [6, 130], [2, 3, 1], [3, 4, 67], [2, 5, 129], [1, 1, 300],
  ]
  /// What none of the maps here holds, though most types could.
  static let absent = 77

  /// Looks for labels in maps of a type whose points have these values.
  private func check<Value: BitwiseCopyable & Sendable>(
    _ type: ScalarType, _ labels: [(value: Value, label: Int?)], unfit: [Value] = []
  ) throws {
    var random = SeededGenerator(state: 21)
    for shape in Self.shapes {
      let map = Labelled(shape, type, labels, using: &random)
      let found = try map.withElements { try LabelMap(shape: shape, elements: $0, type: type).boxes }
      #expect(found == map.boxes, "\(type) \(shape)")
      let listed = Set(labels.compactMap(\.label).prefix(3) + [Self.absent])
      let some = try map.withElements {
        try LabelMap(shape: shape, elements: $0, type: type, labels: listed).boxes
      }
      #expect(some == map.boxes.filter { listed.contains($0.key) }, "\(type) \(shape)")
      for label in labels.compactMap(\.label) + [Self.absent] {
        for box in [map.whole, map.part(using: &random), map.part(using: &random)]
          + [found[label]].compactMap(\.self)
        {
          let mask = map.withElements { Mask(label: label, in: box, shape: shape, elements: $0, type: type) }
          #expect(mask == map.mask(of: label, in: box), "label \(label) of \(type) \(shape) in \(box.ranges)")
        }
      }
    }
    // What is no label is found, wherever it is, and told with its place.
    for (number, value) in unfit.enumerated() {
      for shape in Self.shapes {
        let map = Labelled(shape, type, labels, using: &random)
        let place = map.part(using: &random).ranges.map(\.lowerBound)
        var values = map.values
        values[zip(place, shape).reduce(0) { $0 * $1.1 + $1.0 }] = value
        #expect(
          throws: LabelMap.Failure.notWhole(index: place), "\(type) \(shape), the unfit number \(number)"
        ) {
          try values.withUnsafeBytes {
            _ = try LabelMap(shape: shape, elements: RawSpan(_unsafeBytes: $0), type: type)
          }
        }
      }
    }
  }

  private func checkIntegers<Value: FixedWidthInteger & BitwiseCopyable & Sendable>(
    _ type: ScalarType, _: Value.Type
  ) throws {
    let limits = [Value(clamping: LabelMap.numbers.lowerBound), Value(clamping: LabelMap.numbers.upperBound)]
    let near = [0, 1, 2, 126, 5].map { Value($0) } + limits + [limits[1] - 1]
    let negative: [Value] = Value.isSigned ? [0 - 1, 0 - 2, limits[0] + 1] : []
    let different = (near + negative).reduce(into: [Value]()) { if !$0.contains($1) { $0.append($1) } }
    let unfit = [Value.min, .max, limits[0] &- 1, limits[1] &+ 1].filter {
      Int(exactly: $0).map(LabelMap.numbers.contains) != true
    }
    try check(type, different.map { ($0, Int($0)) }, unfit: unfit)
  }

  @Test func `labels of every type of integer are found where they are`() throws {
    try checkIntegers(.uint8, UInt8.self)
    try checkIntegers(.int8, Int8.self)
    try checkIntegers(.uint16, UInt16.self)
    try checkIntegers(.int16, Int16.self)
    try checkIntegers(.uint32, UInt32.self)
    try checkIntegers(.int32, Int32.self)
    try checkIntegers(.uint64, UInt64.self)
    try checkIntegers(.int64, Int64.self)
    try check(.bool, [(UInt8(0), 0), (1, 1)])
  }

  private func checkFloats<Value: BinaryFloatingPoint & BitwiseCopyable & Sendable>(
    _ type: ScalarType, _: Value.Type, limits: [Int]
  ) throws {
    let labels = [0, 1, 2, 5, -1, -2] + limits
    var choices: [(value: Value, label: Int?)] = labels.map { (Value($0), $0) }
    choices.append((-Value.zero, 0))
    try check(
      type, choices, unfit: [1.5, -0.5, .nan, .infinity, -.infinity, .leastNonzeroMagnitude, Value(3).nextUp])
  }

  @Test func `labels of every type of floating point are found where they are`() throws {
    try checkFloats(.float16, Float16.self, limits: [2048, -2048, 2050, 65_504, -65_504])
    let double = 1 << 53
    try checkFloats(.float32, Float.self, limits: [1 << 24, 1 << 24 + 2, -(1 << 24), 1 << 52, -(1 << 52)])
    try checkFloats(.float64, Double.self, limits: [double - 1, 1 - double])
    try check(.float64, [(1.0, 1)], unfit: [Double(double), -Double(double), 1e300])
    try check(.float32, [(Float(1), 1)], unfit: [Float(double), Float.greatestFiniteMagnitude])
  }

  @Test(arguments: [
    (ScalarType.uint8, [256, -1]), (.bool, [256, -1]), (.int8, [128, -129]), (.uint16, [65_536, -1]),
    (.int16, [32_768, -32_769]), (.uint32, [1 << 32, -1]), (.int32, [1 << 31, -(1 << 31) - 1]),
    (.uint64, [-1, .min]), (.float16, [2049, 65_536, -65_536]), (.float32, [1 << 24 + 1, -(1 << 24) - 1]),
    (.float64, [1 << 53 + 1]),
  ])
  func `a label that a type cannot hold is nowhere`(_ type: ScalarType, _ labels: [Int]) {
    // Were a label cut off or rounded, it would be one of these.
    let zeros = [UInt8](repeating: 0, count: 12 * type.byteCount)
    let ones = [UInt8](repeating: 0xFF, count: 12 * type.byteCount)
    let box = LabelMap.Box(ranges: [0..<3, 0..<4])
    for label in labels {
      for elements in [zeros, ones] {
        let mask = Mask(label: label, in: box, shape: [3, 4], elements: elements.span.bytes, type: type)
        #expect(mask.count == 0, "\(label)")
      }
    }
  }

  @Test func `so many labels are found, and not one more`() throws {
    let most = LabelMap.maximumLabels
    let values = (0...UInt16(most + 1)).map { $0 }
    func boxes(_ count: Int, labels: Set<Int>? = nil) throws -> [Int: LabelMap.Box] {
      try LabelMap(
        shape: [1, count], elements: values.span.extracting(0..<count).bytes, type: .uint16, labels: labels
      ).boxes
    }
    #expect(try boxes(most + 1).count == most)
    #expect(throws: LabelMap.Failure.tooManyLabels) { try boxes(most + 2) }
    #expect(try Set(boxes(most + 2, labels: [3, most + 1]).keys) == [3, most + 1])
  }

  /// What the kernel packs out of the middle of an array, by every variant, and by a look at each point.
  private func packs<Value: BitwiseCopyable & Sendable>(
    _ type: ck_scalar, _ scalar: ScalarType, _ choices: [(value: Value, label: Int?)]
  ) {
    var random = SeededGenerator(state: 22)
    for columns in [1, 2, 31, 63, 64, 65, 100, 127, 128, 129, 200] {
      for (before, behind) in [(0, 0), (1, 0), (3, 5), (64, 1)] {
        let stride = before + columns + behind
        let map = Labelled([5, stride], scalar, choices, using: &random)
        let box = LabelMap.Box(ranges: [1..<4, before..<before + columns])
        for label in choices.compactMap(\.label) {
          let expected = map.mask(of: label, in: box).words
          for variant in [ck_portable] + KernelTests.variants {
            let end: UInt64 = 0x0123_4567_89AB_CDEF
            var words = [UInt64](repeating: end, count: expected.count + 1)
            map.withElements { elements in
              elements.withUnsafeBytes { bytes in
                let first = bytes.baseAddress! + (stride + before) * scalar.byteCount
                ck_pack_label(variant, first, type, 3, Int64(columns), Int64(stride), Int64(label), &words)
              }
            }
            let agrees = words == expected + [end]
            #expect(
              agrees, "label \(label) of \(scalar), \(columns) of \(stride), variant \(variant.rawValue)")
          }
        }
      }
    }
  }

  @Test func `every variant packs each label of every type`() {
    func integers<Value: FixedWidthInteger & BitwiseCopyable & Sendable>(
      _ type: ck_scalar, _ scalar: ScalarType, _: Value.Type
    ) {
      var values: [Value] = [0, 1, 2, 100, .min, .min + 1, .max, .max - 1]
      if Value.isSigned { values.append(0 - 1) }
      packs(type, scalar, values.map { (value: $0, label: Int(exactly: $0)) })
    }
    integers(ck_uint8, .uint8, UInt8.self)
    integers(ck_int8, .int8, Int8.self)
    integers(ck_uint16, .uint16, UInt16.self)
    integers(ck_int16, .int16, Int16.self)
    integers(ck_uint32, .uint32, UInt32.self)
    integers(ck_int32, .int32, Int32.self)
    integers(ck_uint64, .uint64, UInt64.self)
    integers(ck_int64, .int64, Int64.self)
    func floats<Value: BinaryFloatingPoint & BitwiseCopyable & Sendable>(
      _ type: ck_scalar, _ scalar: ScalarType, _: Value.Type, limit: Int
    ) {
      let none: [Value] = [0.5, .nan, .infinity, -.infinity, Value(3).nextDown]
      let choices: [(value: Value, label: Int?)] =
        none.map { ($0, nil) } + [0, 1, -1, 3, limit, -limit].map { (Value($0), $0) }
      packs(type, scalar, choices + [(-Value.zero, 0)])
    }
    floats(ck_float16, .float16, Float16.self, limit: 65_504)
    floats(ck_float32, .float32, Float.self, limit: 1 << 53)
    floats(ck_float64, .float64, Double.self, limit: 1 << 53)
  }
}
