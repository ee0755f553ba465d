import CKernels

extension Mask {
  /// Floats behind a map that are read and written back as they are.
  static let mapPadding = 64

  /// The mask with background and foreground exchanged.
  var complement: Mask {
    var result = self
    let last: UInt64 = columns & 63 == 0 ? ~0 : 1 << UInt64(columns & 63) - 1
    for index in result.words.indices {
      result.words[index] = ~words[index] & ((index + 1) % wordsPerRow == 0 ? last : ~0)
    }
    return result
  }

  /// Writes the distance of each of these points that is not itself a target to the nearest target into `map`, and leaves
  /// the rest.
  ///
  /// Exact up to rounding to float32. `map` has a float for each point of the grid in C order, and `mapPadding` more.
  ///
  /// - Precondition: both masks have one shape, and there is a target.
  func writeDistances(
    to targets: Mask, spacing: [Double], distance: Distance, into map: UnsafeMutablePointer<Float>
  ) throws(MaskError) {
    guard let order = Mask.measuringOrder(of: shape) else {
      return try measure(to: targets, spacing: spacing, distance: distance, into: map)
    }
    let (points, others) = (transposed(to: order), targets.transposed(to: order))
    let count = shape.reduce(1, *)
    let turned = try Scratch<Float>(repeating: 0, count: count + Mask.mapPadding)
    defer { turned.keep() }
    try points.measure(
      to: others, spacing: order.map { spacing[$0] }, distance: distance, into: turned.start)
    // Strides of this mask's points, by the axes of the transposed.
    var strides = [Int](repeating: 1, count: shape.count)
    for axis in shape.indices.dropLast().reversed() { strides[axis] = strides[axis + 1] * shape[axis + 1] }
    let steps = order.map { strides[$0] }
    let isVolume = shape.count == 3
    for row in 0..<points.rows {
      let height = points.shape[shape.count - 2]
      let start = (isVolume ? row / height * steps[0] : 0) + row % height * steps[shape.count - 2]
      for column in 0..<points.columns where points[row, column] && !others[row, column] {
        map[start + column * steps[shape.count - 1]] = turned.start[row * points.columns + column]
      }
    }
  }

  private func measure(
    to targets: Mask, spacing: [Double], distance: Distance, into map: UnsafeMutablePointer<Float>
  ) throws(MaskError) {
    var grid = distance.grid(of: shape, spacing: spacing)
    var survey = ck_survey()
    guard ck_look(Kernels.variant, &grid, targets.words, words, &survey) else { throw .outOfMemory }
    precondition(survey.in_first > 0, "distances are measured to something")
    guard survey.in_second > 0 else { return }
    guard ck_map(Kernels.variant, &grid, &survey, targets.words, words, map) else { throw .outOfMemory }
  }
}
