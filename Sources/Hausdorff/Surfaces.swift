/// The boundaries of two masks as DeepMind's surface-distance has them: corners of the grid's points, each with the length
/// (in a plane) or area (in a volume) of the boundary there, and its distance to the nearest corner of the other boundary.
struct Surfaces {
  private let predictionToTruth, truthToPrediction: SurfaceSide

  /// - Precondition: neither mask is empty.
  init(truth: Mask, prediction: Mask, spacing: [Double], perform: @escaping Score.Perform) throws(MaskError) {
    let masks = [prediction, truth]
    let points = truth.rows * truth.columns
    let corners = Score.both(points: points, perform: perform) { number in masks[number].corners }
    let pair = try MaskPair(corners.1, corners.0, spacing: spacing, distance: .euclidean)
    let sizesByCode = Self.sizes(spacing)
    let sizes = Set(sizesByCode).sorted()
    let ranks = sizesByCode.map { size in sizes.firstIndex(of: size)! }
    let sides = Score.both(points: points, perform: perform) { number in
      Result { () throws(MaskError) in
        let measured = try pair.distances(toFirst: number == 0, keeping: .valuesAndPlaces, perform: perform)
        return masks[number].withCodes { codes in
          var counts = CornerCounts()
          var common = [Int](repeating: 0, count: sizes.count)
          corners.0.forEachPoint(in: corners.1) { common[ranks[codes[$0]]] += 1 }
          for (rank, count) in common.enumerated() where count > 0 { counts.add(0, rank, count) }
          for (distance, place) in zip(measured.values, measured.places) {
            counts.add(distance, ranks[codes[Int(place)]], 1)
          }
          return SurfaceSide(counts, sizes: sizes)
        }
      }
    }
    (predictionToTruth, truthToPrediction) = (try sides.0.get(), try sides.1.get())
  }

  func value(of metric: Metric, tolerance: Double) -> Double {
    let sides =
      switch metric.direction {
      case .predictionToTruth: [predictionToTruth]
      case .truthToPrediction: [truthToPrediction]
      case nil: [predictionToTruth, truthToPrediction]
      }
    switch metric.kind {
    case .hausdorffPercentile(let percent): return sides.map { $0.percentile(percent) }.max()!
    case .averageSurfaceDistance: return sides[0].mean
    case .surfaceDice:
      return sides.reduce(0) { $0 + $1.size(within: tolerance) } / sides.reduce(0) { $0 + $1.total }
    default: return sides.map(\.maximum).max()!
    }
  }

  /// The boundary's size at a corner, by the code of the points around it: the bits are, from the least significant on, of
  /// the last point to the first in C order.
  private static func sizes(_ spacing: [Double]) -> [Double] {
    // Only their proportions count. By a power of two, so that digits stay as they are, they come within the range where
    // squares of areas neither vanish nor overflow.
    let unit = Double(sign: .plus, exponent: spacing.max()!.exponent, significand: 1)
    let spacing = spacing.map { $0 / unit }
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
