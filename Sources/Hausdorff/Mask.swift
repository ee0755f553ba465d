import CKernels

/// A binary mask of two or three dimensions: one bit a point, foreground is 1.
public struct Mask: Sendable, Equatable {
  /// Points along each axis, slowest first: `[H, W]` or `[D, H, W]`.
  public let shape: [Int]
  /// Rows of ⌈W / 64⌉ words, least significant bit first; bits behind the last column are 0.
  var words: [UInt64]

  /// Marks as foreground what is above a threshold.
  ///
  /// - Parameters:
  ///   - shape: two or three positive extents.
  ///   - elements: the values in C order, exactly as many bytes as shape and type say, in the machine's byte order.
  ///   - type: their type.
  ///   - threshold: finite; foreground is `value > threshold`, compared in float64 whatever the type.
  /// - Throws: `MaskError.notFinite` at the first NaN or infinity.
  public init(
    shape: [Int], elements: RawSpan, type: ScalarType, threshold: Double = 0.5
  ) throws(MaskError) {
    precondition((2...3).contains(shape.count) && shape.allSatisfy { $0 > 0 })
    let columns = shape[shape.count - 1]
    let rows = shape.dropLast().reduce(1, *)
    precondition(elements.byteCount == rows * columns * type.byteCount)
    let bound = Threshold(threshold, type: type)
    self.shape = shape
    let count = rows * Mask.wordsPerRow(columns)
    guard let least = bound.integer else {
      words = [UInt64](repeating: 0, count: count)
      return
    }
    var unfit: Int64 = -1
    words = [UInt64](unsafeUninitializedCapacity: count) { buffer, initialized in
      elements.withUnsafeBytes {
        unfit = ck_pack(
          Kernels.variant, $0.baseAddress, bound.type, Int64(rows), Int64(columns), least, bound.real,
          buffer.baseAddress)
      }
      if unfit >= 0 { buffer.initialize(repeating: 0) }
      initialized = count
    }
    if unfit >= 0 {
      throw .notFinite(
        index: Mask.firstNotFinite(in: elements, type: type, row: Int(unfit), shape: shape))
    }
  }

  /// A mask without foreground.
  public init(emptyWithShape shape: [Int]) {
    precondition((2...3).contains(shape.count) && shape.allSatisfy { $0 > 0 })
    self.shape = shape
    words = [UInt64](
      repeating: 0, count: shape.dropLast().reduce(1, *) * Mask.wordsPerRow(shape[shape.count - 1]))
  }

  /// Points along the last axis.
  var columns: Int { shape[shape.count - 1] }
  /// Rows over all other axes.
  var rows: Int { shape.dropLast().reduce(1, *) }
  /// Words that hold one row.
  var wordsPerRow: Int { Mask.wordsPerRow(columns) }

  static func wordsPerRow(_ columns: Int) -> Int { (columns + 63) >> 6 }

  /// Number of foreground points.
  public var count: Int { words.reduce(0) { $0 + $1.nonzeroBitCount } }

  /// Whether the point at row `row` (counted over all axes but the last) and column `column` is foreground.
  public subscript(row: Int, column: Int) -> Bool {
    get { words[row * wordsPerRow + column >> 6] >> UInt64(column & 63) & 1 == 1 }
    set {
      let bit: UInt64 = 1 << UInt64(column & 63)
      if newValue {
        words[row * wordsPerRow + column >> 6] |= bit
      } else {
        words[row * wordsPerRow + column >> 6] &= ~bit
      }
    }
  }

  private static func firstNotFinite(
    in elements: RawSpan, type: ScalarType, row: Int, shape: [Int]
  ) -> [Int] {
    let columns = shape[shape.count - 1]
    var column = 0
    elements.withUnsafeBytes { bytes in
      func isFinite(_ index: Int) -> Bool {
        let offset = index * type.byteCount
        switch type {
        case .float16:
          return bytes.loadUnaligned(fromByteOffset: offset, as: UInt16.self) & 0x7c00 != 0x7c00
        case .float32:
          return bytes.loadUnaligned(fromByteOffset: offset, as: Float.self).isFinite
        default:
          return bytes.loadUnaligned(fromByteOffset: offset, as: Double.self).isFinite
        }
      }
      while column < columns - 1, isFinite(row * columns + column) { column += 1 }
    }
    return shape.count == 2
      ? [row, column] : [row / shape[1], row % shape[1], column]
  }
}

/// Why an array is not a mask, or a mask not scored.
public enum MaskError: Error, Equatable, Sendable {
  /// The value at this index, one coordinate an axis, is NaN or infinite.
  case notFinite(index: [Int])
  /// There is no memory to measure it.
  case outOfMemory
}
