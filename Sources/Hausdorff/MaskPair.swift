import CKernels

/// Two masks of one shape and what is known of them: how many points each and both have, and where.
///
/// Distances are measured with the longest axis last where the given order would be slow; they do not depend on it.
struct MaskPair: Sendable {
  private let first, second: Mask
  private let survey: ck_survey
  private let grid: ck_grid

  init(_ first: Mask, _ second: Mask, spacing: [Double], distance: Distance) throws(MaskError) {
    let order = Mask.measuringOrder(of: first.shape)
    self.first = order.map(first.transposed) ?? first
    self.second = order.map(second.transposed) ?? second
    let spacing = order?.map { spacing[$0] } ?? spacing
    let shape = self.first.shape
    precondition(
      shape.dropLast().allSatisfy { $0 <= Mask.maximumShortExtent }
        && shape[shape.count - 1] <= Mask.maximumExtent,
      "the mask's axes are too long")
    var grid = distance.grid(of: shape, spacing: spacing)
    var survey = ck_survey()
    let looked = ck_look(Kernels.variant, &grid, self.first.words, self.second.words, &survey)
    guard looked else { throw .outOfMemory }
    (self.grid, self.survey) = (grid, survey)
  }

  /// Number of points that the first mask has, the second has, both have.
  var countOfFirst: Int { Int(survey.in_first) }
  var countOfSecond: Int { Int(survey.in_second) }
  var countOfBoth: Int { Int(survey.in_both) }

  /// Distances from the points of one mask to the nearest of the other, exact, in time linear in the grid's points.
  ///
  /// - Precondition: the mask that is measured to is not empty.
  func distances(toFirst: Bool, keepingValues: Bool = false) throws(MaskError) -> DirectedDistances {
    let (targets, points) = toFirst ? (first, second) : (second, first)
    precondition((toFirst ? countOfFirst : countOfSecond) > 0)
    let count = (toFirst ? countOfSecond : countOfFirst) - countOfBoth
    var distances = DirectedDistances()
    guard count > 0 else { return distances }
    var (grid, survey, result) = (grid, survey, ck_directed())
    var measured = false
    func measure(_ values: UnsafeMutablePointer<Double>?) {
      measured = ck_measure(
        Kernels.variant, &grid, &survey, !toFirst, targets.words, points.words, &result, values)
    }
    if keepingValues {
      distances.values = [Double](unsafeUninitializedCapacity: count) { buffer, initialized in
        measure(buffer.baseAddress)
        initialized = measured ? count : 0
      }
    } else {
      measure(nil)
    }
    guard measured else { throw .outOfMemory }
    (distances.sum, distances.maximum) = (result.sum, result.maximum)
    return distances
  }
}

/// Distances from some points to the nearest of others; points that are others themselves have distance 0.
struct DirectedDistances: Sendable {
  var sum = 0.0
  var maximum = 0.0
  /// The distances that are not 0, in no particular order; empty unless asked for.
  var values: [Double] = []
}
