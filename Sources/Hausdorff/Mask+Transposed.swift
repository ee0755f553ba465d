extension Mask {
  /// The longest that an axis may be if it is not the longest of its mask: one less than the kernels count, for the corners
  /// of points are measured too.
  public static let maximumShortExtent = 65_533
  /// The longest that any axis of a mask may be for its distances to be measured.
  public static let maximumExtent = 1 << 22 - 1

  /// The order of axes in which distances are measured, where the one given would be slow or take much memory.
  ///
  /// The kernels count steps along all axes but the last in 16 bits, take 64 columns at a time, and hold a few planes of a
  /// volume. Distances do not depend on the order of the axes.
  static func measuringOrder(of shape: [Int]) -> [Int]? {
    let columns = shape[shape.count - 1]
    let longest = shape.max() ?? 0
    if shape.dropLast().contains(where: { $0 > maximumShortExtent + 1 })
      || (columns < 32 && longest > 4 * columns)
    {
      let ascending = shape.indices.sorted { (shape[$0], $0) < (shape[$1], $1) }
      return shape.count == 2 ? ascending : [ascending[1], ascending[0], ascending[2]]
    }
    return shape.count == 3 && shape[1] > 2 * shape[0] ? [1, 0, 2] : nil
  }

  /// The mask with its axes in another order: axis i of the result is axis `order[i]` of this mask.
  func transposed(to order: [Int]) -> Mask {
    var result = Mask(emptyWithShape: order.map { shape[$0] })
    // Strides of the result, in points, for each axis of this mask.
    var strides = [Int](repeating: 0, count: shape.count)
    var stride = 1
    for axis in order.reversed() {
      strides[axis] = stride
      stride *= shape[axis]
    }
    let columns = result.columns
    for row in 0..<rows {
      let (outer, inner) = shape.count == 3 ? (row / shape[1], row % shape[1]) : (0, row)
      if order == [1, 0, 2] {
        let place = (inner * shape[0] + outer) * wordsPerRow
        for word in 0..<wordsPerRow { result.words[place + word] = words[row * wordsPerRow + word] }
        continue
      }
      let start =
        shape.count == 3 ? outer * strides[0] + inner * strides[1] : inner * strides[0]
      for word in 0..<wordsPerRow {
        var bits = words[row * wordsPerRow + word]
        while bits != 0 {
          let point = start + (word * 64 + bits.trailingZeroBitCount) * strides[shape.count - 1]
          result[point / columns, point % columns] = true
          bits &= bits - 1
        }
      }
    }
    return result
  }
}
