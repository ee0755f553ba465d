import CKernels

/// Two masks of one shape and what is known of them: how many points each and both have, and where.
///
/// Distances are measured with the longest axis last where the given order would be slow; they do not depend on it.
struct MaskPair: Sendable {
  private let first, second: Mask
  private let survey: ck_survey
  private let grid: ck_grid
  /// The axes of the masks as they were given, in the order in which they are measured.
  private let order: [Int]?

  init(_ first: Mask, _ second: Mask, spacing: [Double], distance: Distance) throws(MaskError) {
    order = Mask.measuringOrder(of: first.shape)
    self.first = order.map(first.transposed) ?? first
    self.second = order.map(second.transposed) ?? second
    let spacing = order?.map { spacing[$0] } ?? spacing
    let shape = self.first.shape
    precondition(
      shape.dropLast().allSatisfy { $0 <= Mask.maximumShortExtent + 1 }
        && shape[shape.count - 1] <= Mask.maximumExtent + 1,
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

  /// What is kept of distances beside their sum and maximum.
  enum Detail { case none, values, valuesAndPlaces }

  /// Distances from the points of one mask to the nearest of the other, exact, in time linear in the grid's points.
  ///
  /// - Parameter perform: works on the parts of a large measurement; the result does not depend on it.
  /// - Precondition: the mask that is measured to is not empty.
  func distances(
    toFirst: Bool, keeping detail: Detail = .none, perform: Score.Perform = Score.inTurn
  ) throws(MaskError) -> DirectedDistances {
    precondition((toFirst ? countOfFirst : countOfSecond) > 0)
    let count = (toFirst ? countOfSecond : countOfFirst) - countOfBoth
    var distances = DirectedDistances()
    distances.zeros = countOfBoth
    guard count > 0 else { return distances }
    var result: ck_directed?
    func measure(_ values: UnsafeMutablePointer<Double>?, _ places: UnsafeMutablePointer<Int64>?) {
      result = self.measure(toFirst: toFirst, values, places, perform)
    }
    func measureValues(_ places: UnsafeMutablePointer<Int64>?) {
      distances.values = [Double](unsafeUninitializedCapacity: count) { buffer, initialized in
        measure(buffer.baseAddress, places)
        initialized = result == nil ? 0 : count
      }
    }
    switch detail {
    case .none: measure(nil, nil)
    case .values: measureValues(nil)
    case .valuesAndPlaces:
      distances.places = [Int64](unsafeUninitializedCapacity: count) { buffer, initialized in
        measureValues(buffer.baseAddress)
        initialized = result == nil ? 0 : count
      }
      if order != nil { for index in distances.places.indices { turnBack(&distances.places[index]) } }
    }
    guard let result else { throw .outOfMemory }
    (distances.sum, distances.maximum) = (result.sum, result.maximum)
    return distances
  }

  private func measure(
    toFirst: Bool, _ values: UnsafeMutablePointer<Double>?, _ places: UnsafeMutablePointer<Int64>?,
    _ perform: Score.Perform
  ) -> ck_directed? {
    let (targets, points) = toFirst ? (first, second) : (second, first)
    var (grid, survey) = (grid, survey)
    return targets.words.withUnsafeBufferPointer { targets in
      points.words.withUnsafeBufferPointer { points in
        guard
          let all = ck_begin(
            Kernels.variant, &grid, &survey, !toFirst, targets.baseAddress, points.baseAddress)
        else { return nil }
        defer { ck_end(all) }
        let count = Int(ck_parts(all))
        if count == 1 {
          ck_sweep(all, 0, false)
          ck_solve(all, 0, values, places)
        } else {
          let parts = Parts(all: all, values: values, places: places)
          perform(count) { ck_sweep(parts.all, Int64($0), parts.values != nil) }
          perform(count) { ck_solve(parts.all, Int64($0), parts.values, parts.places) }
        }
        var result = ck_directed()
        return ck_result(all, &result) ? result : nil
      }
    }
  }

  /// Makes the index of a point of the masks as they are measured that of the masks as they were given.
  private func turnBack(_ place: inout Int64) {
    guard let order else { return }
    let shape = first.shape
    var coordinates = shape
    var rest = Int(place)
    for axis in shape.indices.reversed() {
      (rest, coordinates[order[axis]]) = rest.quotientAndRemainder(dividingBy: shape[axis])
    }
    var extents = shape
    for axis in shape.indices { extents[order[axis]] = shape[axis] }
    place = Int64(zip(coordinates, extents).reduce(0) { $0 * $1.1 + $1.0 })
  }
}

/// Distances from some points to the nearest of others; points that are others themselves have distance 0.
struct DirectedDistances: Sendable {
  var sum = 0.0
  var maximum = 0.0
  /// How many of them are 0.
  var zeros = 0
  /// How many there are, if their values were kept.
  var count: Int { zeros + values.count }
  /// The distances that are not 0, in no particular order; empty unless asked for.
  var values: [Double] = []
  /// The indices of their points in the grid, in C order; empty unless asked for.
  var places: [Int64] = []
}

/// A measurement that threads share; each writes what belongs to its parts.
private struct Parts: @unchecked Sendable {
  let all: OpaquePointer
  let values: UnsafeMutablePointer<Double>?
  let places: UnsafeMutablePointer<Int64>?
}
