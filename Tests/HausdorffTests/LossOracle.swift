import Glibc

@testable import Hausdorff

/// The formulas of the losses in float64, distances by looking at every pair of points.
///
/// Maps are of `mask`, the thresholded prediction, which stays as it is when p is moved a little.
final class LossOracle {
  private let shape: [Int]
  private let spacing: [Double]
  private let distance: Distance
  private let g, mask: [Bool]
  /// Distances to foreground and to background; 0 where there is none.
  private lazy var ofTruth = (distances(to: true, in: g), distances(to: false, in: g))
  private lazy var ofMask = (distances(to: true, in: mask), distances(to: false, in: mask))

  init(shape: [Int], spacing: [Double], distance: Distance, g: [Bool], mask: [Bool]) {
    (self.shape, self.spacing, self.distance, self.g, self.mask) = (shape, spacing, distance, g, mask)
  }

  private func point(_ index: Int) -> [Int] {
    var rest = index
    return shape.reversed().map { extent in
      defer { rest /= extent }
      return rest % extent
    }.reversed()
  }

  private func length(_ i: Int, _ j: Int) -> Double {
    distance.length(zip(zip(point(i), point(j)), spacing).map { Double($0.0 - $0.1) * $1 })
  }

  private func distances(to value: Bool, in mask: [Bool]) -> [Double] {
    let targets = mask.indices.filter { mask[$0] == value }
    return mask.indices.map { i in targets.map { length(i, $0) }.min() ?? 0 }
  }

  private var diagonal: Double { distance.length(zip(shape, spacing).map { Double($0 - 1) * $1 }) }

  func value(_ kind: LossTerm.Kind, _ p: [Double]) -> Double {
    let t = g.map { $0 ? 1.0 : 0 }
    let n = Double(p.count)
    let (sumP, sumG) = (p.reduce(0, +), t.reduce(0, +))
    func mean(_ value: (Int) -> Double) -> Double { p.indices.reduce(0) { $0 + value($1) } / n }
    switch kind {
    case .softHausdorff(let alpha, let binarize):
      return pow(p.indices.reduce(0) { $0 + abs(t[$1] - (binarize ? (mask[$1] ? 1 : 0) : p[$1])) }, alpha)
    case .softAverageHausdorff:
      guard sumG > 0 else { return diagonal * sumP / n }
      let missed = p.indices.reduce(0) { $0 + t[$1] * (1 - p[$1]) }
      guard mask.contains(true) else { return diagonal * missed / sumG }
      let (toTruth, toPrediction) = (ofTruth.0, ofMask.0)
      return 0.5
        * (p.indices.reduce(0) { $0 + p[$1] * toTruth[$1] } / max(sumP, 1e-12)
          + p.indices.reduce(0) { $0 + t[$1] * (1 - p[$1]) * toPrediction[$1] } / sumG)
    case .hausdorffDistanceTransform(let alpha, let oneSided, _):
      // Where a mask is empty or full, one of the two is 0 everywhere, and the other where it counts.
      let maps = (oneSided ? [ofTruth] : [ofTruth, ofMask]).map { maps in zip(maps.0, maps.1).map { $0 + $1 }
      }
      return mean { i in
        (p[i] - t[i]) * (p[i] - t[i]) * maps.reduce(0) { $0 + ($1[i] == 0 ? 0 : pow($1[i], alpha)) }
      }
    case .hausdorffErosion(let alpha, let iterations):
      var b = p.indices.map { (p[$0] - t[$0]) * (p[$0] - t[$0]) }
      var total = 0.0
      for k in 1...iterations {
        b = eroded(b)
        total += pow(Double(k), alpha) * b.reduce(0, +) / n
      }
      return total
    case .boundary:
      guard g.contains(true), g.contains(false) else { return 0 }
      let (outside, inside) = ofTruth
      return mean { i in p[i] * (g[i] ? -(inside[i] - (spacing.min() ?? 1)) : outside[i]) }
    case .dice:
      return 1 - (2 * zip(p, t).reduce(0) { $0 + $1.0 * $1.1 } + 1e-5) / (sumP + sumG + 1e-5)
    case .crossEntropy:
      return mean { i in -log(t[i] == 1 ? p[i] : 1 - p[i]) }
    case .focal(let gamma, let balance):
      return mean { i in
        let hit = t[i] == 1 ? p[i] : 1 - p[i]
        let weight = balance.map { t[i] == 1 ? $0 : 1 - $0 } ?? 1
        return -weight * pow(1 - hit, gamma) * log(hit)
      }
    case .score: return .nan
    }
  }

  private func eroded(_ b: [Double]) -> [Double] {
    let result = b.indices.map { i in
      let here = point(i)
      var sum = b[i]
      var stride = 1
      for axis in shape.indices.reversed() {
        if here[axis] > 0 { sum += b[i - stride] }
        if here[axis] + 1 < shape[axis] { sum += b[i + stride] }
        stride *= shape[axis]
      }
      return max(0, sum / Double(2 * shape.count + 1) - 0.5)
    }
    let (least, most) = (result.min()!, result.max()!)
    return most > least ? result.map { ($0 - least) / (most - least) } : result
  }
}
