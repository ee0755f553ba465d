/// The boundaries of two masks as DeepMind's surface-distance has them: corners of the grid's points, each with the length
/// (in a plane) or area (in a volume) of the boundary there, and its distance to the nearest corner of the other boundary.
struct Surfaces {
  /// The corners of one boundary, nearest first; of those as near, the smaller first.
  struct Side {
    let distances: [Double]
    let sizes: [Double]
    /// The sum of the sizes as NumPy adds them up: where a percentile falls between two corners, rounding decides.
    let total: Double
  }

  private let sides: BothDirections<Side>

  /// - Precondition: neither mask is empty.
  init(truth: Mask, prediction: Mask, spacing: [Double]) throws(MaskError) {
    let (trueCorners, predictedCorners) = (truth.corners, prediction.corners)
    let pair = try MaskPair(trueCorners, predictedCorners, spacing: spacing, distance: .euclidean)
    let common = trueCorners.places(in: predictedCorners)
    let sizes = Self.sizes(spacing)
    var sides = BothDirections<Side>()
    for direction in Metric.Direction.allCases {
      let isForward = direction == .predictionToTruth
      sides[direction] = try Side(
        pair.distances(toFirst: isForward, keeping: .valuesAndPlaces), common: common,
        of: isForward ? prediction : truth, sizes: sizes)
    }
    self.sides = sides
  }

  func value(of metric: Metric, tolerance: Double) -> Double {
    let directions = metric.direction.map { [$0] } ?? Metric.Direction.allCases
    let sides = directions.map { self.sides[$0]! }
    switch metric.kind {
    case .hausdorffPercentile(let percent): return sides.map { $0.percentile(percent) }.max()!
    case .averageSurfaceDistance: return sides[0].mean
    case .surfaceDice:
      return sides.reduce(0) { $0 + $1.size(within: tolerance) } / sides.reduce(0) { $0 + $1.total }
    default: return sides.map { $0.distances.last! }.max()!
    }
  }

  /// The boundary's size at a corner, by the code of the points around it: the bits are, from the least significant on, of
  /// the last point to the first in C order.
  private static func sizes(_ spacing: [Double]) -> [Double] {
    if spacing.count == 2 {
      let (down, across) = (spacing[0], spacing[1])
      let half = 0.5 * (down * down + across * across).squareRoot()
      return (0..<16).map { code in
        switch code {
        case 0b0000, 0b1111: 0
        case 0b0011, 0b1100: across
        case 0b0101, 0b1010: down
        case 0b0110, 0b1001: 2 * half
        default: half
        }
      }
    }
    return SurfaceNormals.eighths.map { normals in
      stride(from: 0, to: normals.count, by: 3).reduce(0) { sum, first in
        let x = Double(normals[first]) / 8 * spacing[1] * spacing[2]
        let y = Double(normals[first + 1]) / 8 * spacing[0] * spacing[2]
        let z = Double(normals[first + 2]) / 8 * spacing[0] * spacing[1]
        return sum + (x * x + y * y + z * z).squareRoot()
      }
    }
  }
}

extension Surfaces.Side {
  /// - Parameter common: the corners that are at no distance.
  fileprivate init(_ measured: DirectedDistances, common: [Int], of mask: Mask, sizes: [Double]) {
    struct Corner {
      let distance, size: Double
    }
    var corners: [Corner] = []
    corners.reserveCapacity(measured.count)
    let extents = mask.shape.map { $0 + 1 }
    for place in common {
      corners.append(Corner(distance: 0, size: sizes[mask.code(atCorner: place, of: extents)]))
    }
    for (distance, place) in zip(measured.values, measured.places) {
      corners.append(Corner(distance: distance, size: sizes[mask.code(atCorner: Int(place), of: extents)]))
    }
    corners.sort { ($0.distance, $0.size) < ($1.distance, $1.size) }
    distances = corners.map(\.distance)
    self.sizes = corners.map(\.size)
    total = self.sizes.withUnsafeBufferPointer { pairwiseSum($0) }
  }

  var mean: Double { zip(distances, sizes).reduce(0) { $0 + $1.0 * $1.1 } / total }

  /// The first distance behind which so much of the boundary lies.
  func percentile(_ percent: Double) -> Double {
    var sum = 0.0
    for (distance, size) in zip(distances, sizes) {
      sum += size
      if sum / total >= percent / 100 { return distance }
    }
    return distances.last!
  }

  func size(within tolerance: Double) -> Double {
    zip(distances, sizes).reduce(0) { $1.0 <= tolerance ? $0 + $1.1 : $0 }
  }
}

/// The sum as NumPy computes it: of blocks of 128, each in eight parts.
private func pairwiseSum(_ values: UnsafeBufferPointer<Double>) -> Double {
  let count = values.count
  guard count >= 8 else { return values.reduce(0, +) }
  guard count <= 128 else {
    let half = count / 2 - count / 2 % 8
    return pairwiseSum(.init(rebasing: values[..<half])) + pairwiseSum(.init(rebasing: values[half...]))
  }
  var parts = SIMD8<Double>(repeating: 0)
  let whole = count - count % 8
  for start in stride(from: 0, to: whole, by: 8) {
    for lane in 0..<8 { parts[lane] += values[start + lane] }
  }
  let sum = ((parts[0] + parts[1]) + (parts[2] + parts[3])) + ((parts[4] + parts[5]) + (parts[6] + parts[7]))
  return values[whole...].reduce(sum, +)
}
