import CKernels

extension Mask {
  /// Floats behind a map that are read and written back as they are.
  static let mapPadding = 64

  enum Side { case background, foreground }

  /// The mask with background and foreground exchanged.
  var complement: Mask {
    var result = self
    let last: UInt64 = columns & 63 == 0 ? ~0 : 1 << UInt64(columns & 63) - 1
    for index in result.words.indices {
      result.words[index] = ~words[index] & ((index + 1) % wordsPerRow == 0 ? last : ~0)
    }
    return result
  }

  /// Writes the distance of each point of that side to the nearest point of the other into `map`, and leaves the rest.
  ///
  /// Exact up to rounding to float32. `map` has a float for each point in C order, and `mapPadding` more.
  ///
  /// - Precondition: the other side has a point.
  func writeDistances(
    of side: Side, spacing: [Double], distance: Distance, into map: UnsafeMutablePointer<Float>
  ) throws(MaskError) {
    guard let order = Mask.measuringOrder(of: shape) else {
      return try measure(of: side, spacing: spacing, distance: distance, into: map)
    }
    let other = transposed(to: order)
    let count = shape.reduce(1, *)
    let turned = UnsafeMutablePointer<Float>.allocate(capacity: count + Mask.mapPadding)
    defer { turned.deallocate() }
    turned.initialize(repeating: 0, count: count + Mask.mapPadding)
    try other.measure(of: side, spacing: order.map { spacing[$0] }, distance: distance, into: turned)
    // Strides of this mask's points, by the axes of the other.
    var strides = [Int](repeating: 1, count: shape.count)
    for axis in shape.indices.dropLast().reversed() { strides[axis] = strides[axis + 1] * shape[axis + 1] }
    let steps = order.map { strides[$0] }
    let isVolume = shape.count == 3
    let (planes, rows, columns) = (isVolume ? other.shape[0] : 1, other.shape[shape.count - 2], other.columns)
    var index = 0
    for z in 0..<planes {
      for y in 0..<rows {
        let start = (isVolume ? z * steps[0] : 0) + y * steps[shape.count - 2]
        for x in 0..<columns {
          if other[z * rows + y, x] == (side == .foreground) {
            map[start + x * steps[shape.count - 1]] = turned[index]
          }
          index += 1
        }
      }
    }
  }

  private func measure(
    of side: Side, spacing: [Double], distance: Distance, into map: UnsafeMutablePointer<Float>
  ) throws(MaskError) {
    let targets = side == .background ? self : complement
    let points = side == .background ? complement : self
    let isVolume = shape.count == 3
    var grid = ck_grid(
      planes: Int64(shape[0]), rows: isVolume ? Int64(shape[1]) : 1, columns: Int64(columns),
      spacing: (spacing[0], spacing[isVolume ? 1 : 0], spacing[spacing.count - 1]), distance: distance.kernel)
    var survey = ck_survey()
    guard ck_look(Kernels.variant, &grid, targets.words, points.words, &survey) else { throw .outOfMemory }
    precondition(survey.in_first > 0, "distances are measured to something")
    guard survey.in_second > 0 else { return }
    guard ck_map(Kernels.variant, &grid, &survey, targets.words, points.words, map) else {
      throw .outOfMemory
    }
  }
}
