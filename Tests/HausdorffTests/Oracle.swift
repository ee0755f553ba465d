@testable import Hausdorff

/// A generator that repeats itself: SplitMix64.
struct SeededGenerator: RandomNumberGenerator {
  var state: UInt64
  mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var z = state
    z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
    z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
    return z ^ (z >> 31)
  }
}

extension Mask {
  /// Builds a mask from a rule on the index of each point.
  init(_ shape: [Int], where isForeground: ([Int]) -> Bool) {
    self.init(emptyWithShape: shape)
    for row in 0..<rows {
      for column in 0..<columns where isForeground(Mask.index(row, column, shape)) {
        self[row, column] = true
      }
    }
  }

  static func index(_ row: Int, _ column: Int, _ shape: [Int]) -> [Int] {
    shape.count == 2 ? [row, column] : [row / shape[1], row % shape[1], column]
  }

  /// Noise of a density.
  static func noise(_ shape: [Int], density: Double, using generator: inout SeededGenerator) -> Mask {
    var mask = Mask(emptyWithShape: shape)
    for row in 0..<mask.rows {
      for column in 0..<mask.columns where Double.random(in: 0..<1, using: &generator) < density {
        mask[row, column] = true
      }
    }
    return mask
  }

  /// The indices of all foreground points.
  var points: [[Int]] {
    (0..<rows).flatMap { row in
      (0..<columns).filter { self[row, $0] }.map { Mask.index(row, $0, shape) }
    }
  }

  /// The boundary by its definition, point by point.
  var boundaryByDefinition: Mask {
    Mask(shape) { index in
      guard self.at(index) else { return false }
      return shape.indices.contains { axis in
        [-1, 1].contains { step in
          var neighbour = index
          neighbour[axis] += step
          return !self.at(neighbour)
        }
      }
    }
  }

  func at(_ index: [Int]) -> Bool {
    guard zip(index, shape).allSatisfy({ $0 >= 0 && $0 < $1 }) else { return false }
    return self[shape.count == 2 ? index[0] : index[0] * shape[1] + index[1], index[index.count - 1]]
  }
}

/// Scores by definition: every point against every other.
struct Oracle {
  let spacing: [Double]
  let distance: Distance

  func length(_ a: [Int], _ b: [Int]) -> Double {
    let steps = a.indices.map { abs(Double(a[$0] - b[$0])) * spacing[$0] }
    switch distance {
    case .euclidean: return steps.map { $0 * $0 }.reduce(0, +).squareRoot()
    case .manhattan: return steps.reduce(0, +)
    case .chebyshev: return steps.max() ?? 0
    }
  }

  func distances(from queries: [[Int]], to targets: [[Int]]) -> [Double] {
    queries.map { query in targets.map { length(query, $0) }.min() ?? .infinity }
  }

  /// From each boundary point of one mask to the nearest of the other, ascending.
  func boundaryDistances(from queries: Mask, to targets: Mask) -> [Double] {
    distances(from: queries.boundaryByDefinition.points, to: targets.boundaryByDefinition.points).sorted()
  }

  /// The percentile of ascending values, interpolated linearly.
  static func percentile(_ percent: Double, of sorted: [Double]) -> Double {
    let rank = percent / 100 * Double(sorted.count - 1)
    let low = sorted[Int(rank)]
    let high = sorted[min(Int(rank) + 1, sorted.count - 1)]
    return low + (high - low) * (rank - rank.rounded(.down))
  }
}

extension [Double] {
  var sum: Double { reduce(0, +) }
  var mean: Double { sum / Double(count) }
}

/// Whether two numbers agree to 1e-12 of their size.
func agree(_ a: Double, _ b: Double) -> Bool { a == b || abs(a - b) <= 1e-12 * max(abs(a), abs(b)) }
