import CKernels

/// An array of whole numbers that says what each point is: 0 background, and other numbers other labels.
public struct LabelMap {
  /// A part of a grid: the extent of each axis that it takes.
  public struct Box: Equatable, Sendable {
    /// What it takes of each axis, slowest first.
    public var ranges: [Range<Int>]

    /// A box that takes these ranges.
    public init(ranges: [Range<Int>]) { self.ranges = ranges }

    /// Points along each of its axes.
    public var shape: [Int] { ranges.map(\.count) }

    /// The smallest that holds both.
    public func union(_ other: Box) -> Box {
      Box(
        ranges: zip(ranges, other.ranges).map {
          min($0.lowerBound, $1.lowerBound)..<max($0.upperBound, $1.upperBound)
        })
    }
  }

  /// Why an array is no label map, or none that is scored.
  public enum Failure: Error, Equatable, Sendable {
    /// The value at this index, one coordinate an axis, is no whole number, or beyond `numbers`.
    case notWhole(index: [Int])
    /// There are more labels than `maximumLabels`.
    case tooManyLabels
  }

  /// What a label may be: what no other whole number becomes in float64.
  public static let numbers = -(1 << 53) + 1...(1 << 53) - 1
  /// Most labels, background not counted, that one map may hold.
  public static let maximumLabels = 1024

  /// Where each label but 0 lies, by its number.
  public let boxes: [Int: Box]

  /// Looks at every value once; of booleans whatever is not 0 is 1.
  ///
  /// - Parameters:
  ///   - shape: two or three positive extents.
  ///   - elements: the values in C order, exactly as many bytes as shape and type say.
  ///   - labels: those to look for; nil for all that there are.
  /// - Throws: `Failure`; of several values at fault for the first.
  public init(
    shape: [Int], elements: RawSpan, type: ScalarType, labels: Set<Int>? = nil
  ) throws(Failure) {
    precondition((2...3).contains(shape.count) && shape.allSatisfy { $0 > 0 })
    precondition(elements.byteCount == shape.reduce(1, *) * type.byteCount)
    var survey = Survey(shape: shape, labels: labels)
    try elements.withUnsafeBytes { (bytes) throws(Failure) in
      switch type {
      case .bool: try survey.look(bytes, UInt8.self) { $0 == 0 ? 0 : 1 }
      case .uint8: try survey.look(bytes, UInt8.self) { Int($0) }
      case .int8: try survey.look(bytes, Int8.self) { Int($0) }
      case .uint16: try survey.look(bytes, UInt16.self) { Int($0) }
      case .int16: try survey.look(bytes, Int16.self) { Int($0) }
      case .uint32: try survey.look(bytes, UInt32.self) { Int($0) }
      case .int32: try survey.look(bytes, Int32.self) { Int($0) }
      case .uint64: try survey.look(bytes, UInt64.self) { Int(exactly: $0) }
      case .int64: try survey.look(bytes, Int64.self) { Int($0) }
      case .float16: try survey.look(bytes, Float16.self) { Int(exactly: $0) }
      case .float32: try survey.look(bytes, Float.self) { Int(exactly: $0) }
      case .float64: try survey.look(bytes, Double.self) { Int(exactly: $0) }
      }
    }
    boxes = survey.boxes.mapValues { bounds in
      Box(
        ranges: (shape.count == 3 ? [bounds.plane.first..<bounds.plane.last + 1] : []) + [
          bounds.row.first..<bounds.row.last + 1, bounds.column.first..<bounds.column.last + 1,
        ])
    }
  }
}

/// Finds where labels lie, run by run of equal values.
private struct Survey {
  typealias Bounds = (
    plane: (first: Int, last: Int), row: (first: Int, last: Int), column: (first: Int, last: Int)
  )

  let shape: [Int]
  let labels: Set<Int>?
  var boxes: [Int: Bounds] = [:]

  init(shape: [Int], labels: Set<Int>?) { (self.shape, self.labels) = (shape, labels) }

  mutating func look<Element: SIMDScalar & Equatable & BitwiseCopyable>(
    _ bytes: UnsafeRawBufferPointer, _: Element.Type, _ number: (Element) -> Int?
  ) throws(LabelMap.Failure) {
    let size = MemoryLayout<Element>.size
    let columns = shape[shape.count - 1]
    let rows = shape.dropLast().reduce(1, *)
    let height = shape[shape.count - 2]
    for row in 0..<rows {
      let line = bytes.baseAddress! + row * columns * size
      func value(_ column: Int) -> Element {
        line.loadUnaligned(fromByteOffset: column * size, as: Element.self)
      }
      var column = 0
      while column < columns {
        let first = value(column)
        let start = column
        column += 1
        let same = SIMD16<Element>(repeating: first)
        while column + 16 <= columns,
          line.loadUnaligned(fromByteOffset: column * size, as: SIMD16<Element>.self) == same
        {
          column += 16
        }
        while column < columns, value(column) == first { column += 1 }
        guard let label = number(first), LabelMap.numbers.contains(label) else {
          throw .notWhole(index: (shape.count == 3 ? [row / height, row % height] : [row]) + [start])
        }
        guard label != 0 else { continue }
        try note(label, row / height, row % height, start, column - 1)
      }
    }
  }

  private mutating func note(_ label: Int, _ plane: Int, _ row: Int, _ first: Int, _ last: Int)
    throws(LabelMap.Failure)
  {
    guard let bounds = boxes[label] else {
      guard labels?.contains(label) ?? true else { return }
      guard boxes.count < LabelMap.maximumLabels else { throw .tooManyLabels }
      boxes[label] = ((plane, plane), (row, row), (first, last))
      return
    }
    boxes[label] = (
      (bounds.plane.first, plane), (min(bounds.row.first, row), max(bounds.row.last, row)),
      (min(bounds.column.first, first), max(bounds.column.last, last))
    )
  }
}

extension Mask {
  /// The points of a label map that have this label, within `box` of its grid.
  ///
  /// - Parameters:
  ///   - shape: of the whole map.
  ///   - elements: the whole map's values in C order.
  public init(label: Int, in box: LabelMap.Box, shape: [Int], elements: RawSpan, type: ScalarType) {
    if type == .bool, label == 1 {
      // Whatever is not 0 is true.
      self = Mask(label: 0, in: box, shape: shape, elements: elements, type: type).complement
      return
    }
    self.init(emptyWithShape: box.shape)
    guard type.holds(label) else { return }
    let columns = shape[shape.count - 1]
    let isVolume = shape.count == 3
    let (planes, rows) = (isVolume ? box.ranges[0] : 0..<1, box.ranges[shape.count - 2])
    let first = box.ranges[shape.count - 1].lowerBound
    let kernelType = Threshold(0, type: type).type
    elements.withUnsafeBytes { bytes in
      words.withUnsafeMutableBufferPointer { words in
        var target = words.baseAddress!
        for plane in planes {
          let place = ((isVolume ? plane * shape[1] : 0) + rows.lowerBound) * columns + first
          ck_pack_label(
            Kernels.variant, bytes.baseAddress! + place * type.byteCount, kernelType, Int64(rows.count),
            Int64(box.ranges[shape.count - 1].count), Int64(columns), Int64(label), target)
          target += rows.count * Mask.wordsPerRow(box.ranges[shape.count - 1].count)
        }
      }
    }
  }
}

extension ScalarType {
  /// Whether a value of this type can be `label`.
  fileprivate func holds(_ label: Int) -> Bool {
    switch self {
    case .bool: label == 0
    case .uint8: UInt8(exactly: label) != nil
    case .int8: Int8(exactly: label) != nil
    case .uint16: UInt16(exactly: label) != nil
    case .int16: Int16(exactly: label) != nil
    case .uint32: UInt32(exactly: label) != nil
    case .int32: Int32(exactly: label) != nil
    case .uint64: label >= 0
    case .int64: true
    case .float16: Float16(exactly: label) != nil
    case .float32: Float(exactly: label) != nil
    case .float64: Double(exactly: label) != nil
    }
  }
}
