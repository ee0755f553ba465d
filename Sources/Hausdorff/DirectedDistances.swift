import CKernels

/// Distances from some points to the nearest of others.
struct DirectedDistances {
  /// Sum over the points that are no targets themselves; those that are have distance 0.
  var sum = 0.0
  var maximum = 0.0
  /// One distance for each point that is no target, in no particular order; empty unless asked for.
  var values: [Double] = []

  /// Measures exactly, in time linear in the grid's points.
  ///
  /// Both masks have the same shape; `targets` is not empty; `queries` holds no target.
  init(
    from queries: Mask, to targets: Mask, spacing: [Double], distance: Distance, keepingValues: Bool = false
  ) {
    if let order = Mask.measuringOrder(of: targets.shape) {
      self.init(
        measuring: queries.transposed(to: order), to: targets.transposed(to: order),
        spacing: order.map { spacing[$0] }, distance: distance, keepingValues: keepingValues)
    } else {
      self.init(
        measuring: queries, to: targets, spacing: spacing, distance: distance, keepingValues: keepingValues)
    }
  }

  private init(
    measuring queries: Mask, to targets: Mask, spacing: [Double], distance: Distance, keepingValues: Bool
  ) {
    let shape = targets.shape
    let isVolume = shape.count == 3
    precondition(
      shape.dropLast().allSatisfy { $0 <= Mask.maximumShortExtent }, "two axes are too long")
    var grid = ck_grid(
      planes: Int64(shape[0]), rows: isVolume ? Int64(shape[1]) : 1, columns: Int64(targets.columns),
      spacing: (spacing[0], spacing[isVolume ? 1 : 0], spacing[spacing.count - 1]), distance: distance.kernel)
    var result = ck_directed()
    func measure(_ values: UnsafeMutablePointer<Double>?) {
      let measured = ck_measure(Kernels.variant, &grid, targets.words, queries.words, &result, values)
      precondition(measured, "out of memory")
    }
    if keepingValues {
      let count = queries.count
      values = [Double](unsafeUninitializedCapacity: count) { buffer, initialized in
        buffer.initialize(repeating: 0)
        measure(buffer.baseAddress)
        initialized = count
      }
    } else {
      measure(nil)
    }
    (sum, maximum) = (result.sum, result.maximum)
  }
}
