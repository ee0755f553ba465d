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

  /// `q` is 1 − p where that is known better, since p was made from logits; else cross entropies clamp it.
  func value(_ kind: LossTerm.Kind, _ p: [Double], q: [Double]? = nil) -> Double {
    let t = g.map { $0 ? 1.0 : 0 }
    let n = Double(p.count)
    let (sumP, sumG) = (p.reduce(0, +), t.reduce(0, +))
    // |g − p|, and the same of the others.
    let apart = p.indices.map { g[$0] ? q?[$0] ?? 1 - p[$0] : p[$0] }
    func logarithm(_ i: Int) -> (hit: Double, miss: Double, log: Double) {
      var (hit, miss) = (g[i] ? p[i] : q?[i] ?? 1 - p[i], apart[i])
      if q == nil { (hit, miss) = (max(hit, 1e-7), max(miss, 1e-7)) }
      return (hit, miss, miss < 0.5 ? log1p(-miss) : log(hit))
    }
    func mean(_ value: (Int) -> Double) -> Double { p.indices.reduce(0) { $0 + value($1) } / n }
    switch kind {
    case .softHausdorff(let alpha, let binarize):
      return pow(p.indices.reduce(0) { $0 + (binarize ? (g[$1] == mask[$1] ? 0 : 1) : apart[$1]) }, alpha)
    case .softAverageHausdorff:
      guard sumG > 0 else { return diagonal * sumP / n }
      let missed = p.indices.reduce(0) { $0 + t[$1] * apart[$1] }
      guard mask.contains(true) else { return diagonal * missed / sumG }
      let (toTruth, toPrediction) = (ofTruth.0, ofMask.0)
      return 0.5
        * (p.indices.reduce(0) { $0 + p[$1] * toTruth[$1] } / max(sumP, 1e-12)
          + p.indices.reduce(0) { $0 + t[$1] * apart[$1] * toPrediction[$1] } / sumG)
    case .hausdorffDistanceTransform(let alpha, let oneSided, _):
      // Where a mask is empty or full, one of the two is 0 everywhere, and the other where it counts.
      let maps = (oneSided ? [ofTruth] : [ofTruth, ofMask]).map { maps in zip(maps.0, maps.1).map { $0 + $1 }
      }
      return mean { i in
        apart[i] * apart[i] * maps.reduce(0) { $0 + ($1[i] == 0 ? 0 : pow($1[i], alpha)) }
      }
    case .hausdorffErosion(let alpha, let iterations):
      var b = apart.map { $0 * $0 }
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
      // 1 − (2Σpg + s) / (Σp + Σg + s), without the digits that the difference would lose.
      return apart.reduce(0, +) / (sumP + sumG + 1e-5)
    case .crossEntropy:
      return mean { -logarithm($0).log }
    case .focal(let gamma, let balance):
      return mean { i in
        let (_, miss, log) = logarithm(i)
        let weight = balance.map { t[i] == 1 ? $0 : 1 - $0 } ?? 1
        return -weight * pow(miss, gamma) * log
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
