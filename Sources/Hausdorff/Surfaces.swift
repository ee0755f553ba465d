/// The boundaries of two masks as DeepMind's surface-distance has them: corners of the grid's points, each with the length
/// (in a plane) or area (in a volume) of the boundary there, and its distance to the nearest corner of the other boundary.
struct Surfaces {
  private let predictionToTruth, truthToPrediction: SurfaceSide

  /// - Precondition: neither mask is empty.
  init(truth: Mask, prediction: Mask, spacing: [Double], perform: @escaping Score.Perform) throws(MaskError) {
    let (trueCorners, predictedCorners) = (truth.corners, prediction.corners)
    let pair = try MaskPair(trueCorners, predictedCorners, spacing: spacing, distance: .euclidean)
    let common = trueCorners.places(in: predictedCorners)
    let sizes = Self.sizes(spacing)
    func side(toFirst: Bool, of mask: Mask) throws(MaskError) -> SurfaceSide {
      let measured = try pair.distances(toFirst: toFirst, keeping: .valuesAndPlaces, perform: perform)
      return SurfaceSide(measured, common: common, of: mask, sizes: sizes)
    }
    predictionToTruth = try side(toFirst: true, of: prediction)
    truthToPrediction = try side(toFirst: false, of: truth)
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

/// The corners of one boundary.
private struct SurfaceSide {
  private let distances, sizes: [Double]
  /// What percentiles are found by: the corners, nearest first, of those as near the smaller first; those alike together.
  private let groups: [Group]
  /// The sum of the sizes in this order, as NumPy adds them up: where a percentile falls between two corners, rounding
  /// decides.
  let total: Double

  /// - Parameter common: the corners that are at no distance.
  init(_ measured: DirectedDistances, common: [Int], of mask: Mask, sizes byCode: [Double]) {
    let count = common.count + measured.values.count
    let distances = [Double](repeating: 0, count: common.count) + measured.values
    let ranked = Set(byCode).sorted()
    let ranks = byCode.map { size in UInt64(ranked.firstIndex(of: size)!) }
    var (sizes, keys) = ([Double](), [UInt64]())
    sizes.reserveCapacity(count)
    keys.reserveCapacity(count)
    mask.codes(atCorners: common + measured.places.map(Int.init)) { code in
      // The last bits of a distance make room for the rank of the size.
      keys.append(distances[keys.count].bitPattern & ~Self.rankBits | ranks[code])
      sizes.append(byCode[code])
    }
    let groups = counted(keys).map { key, count in
      Group(
        distance: Double(bitPattern: key & ~Self.rankBits), size: ranked[Int(key & Self.rankBits)],
        count: count)
    }
    var ordered: [Double] = []
    ordered.reserveCapacity(count)
    for group in groups { ordered.append(contentsOf: repeatElement(group.size, count: group.count)) }
    total = ordered.withUnsafeBufferPointer { pairwiseSum($0) }
    (self.distances, self.sizes, self.groups) = (distances, sizes, groups)
  }

  private struct Group {
    let distance, size: Double
    let count: Int
  }

  private static let rankBits: UInt64 = 0xFF

  var maximum: Double { distances.max()! }
  var mean: Double { zip(distances, sizes).reduce(0) { $0 + $1.0 * $1.1 } / total }

  /// The first distance behind which so much of the boundary lies.
  func percentile(_ percent: Double) -> Double {
    var sum = 0.0
    for group in groups {
      // One by one, for rounding's sake.
      for _ in 0..<group.count {
        sum += group.size
        if sum / total >= percent / 100 { return group.distance }
      }
    }
    return maximum
  }

  func size(within tolerance: Double) -> Double {
    zip(distances, sizes).reduce(0) { $1.0 <= tolerance ? $0 + $1.1 : $0 }
  }
}

/// The different ones among some keys, ascending, and how often each is there; no key has all bits set.
///
/// Distances on a grid are few, so these are counted before they are sorted.
private func counted(_ keys: [UInt64]) -> [(key: UInt64, count: Int)] {
  var bits = 4
  while 1 << bits < 2 * keys.count { bits += 1 }
  var table = [UInt64](repeating: .max, count: 1 << bits)
  var counts = [Int](repeating: 0, count: 1 << bits)
  for key in keys {
    // A multiple of the golden ratio, whose first bits depend on all of the key.
    var place = Int((key &* 0x9E37_79B9_7F4A_7C15) >> UInt64(64 - bits))
    while table[place] != key, table[place] != .max { place = (place + 1) & (1 << bits - 1) }
    table[place] = key
    counts[place] += 1
  }
  return table.indices.filter { counts[$0] > 0 }.map { (table[$0], counts[$0]) }.sorted { $0.key < $1.key }
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
