import Hausdorff

/// Scores by looking at every pair of points.
struct Oracle {
  let truth, prediction: [[Double]]
  let distance: Distance

  /// The foreground of two masks of one item, scaled.
  init(_ truth: TestMask, _ prediction: TestMask, spacing: [Double]? = nil, distance: Distance = .euclidean) {
    func points(_ mask: TestMask) -> [[Double]] {
      mask.points.indices.filter { mask.points[$0] }.map { index in
        var rest = index
        var point: [Double] = []
        for axis in mask.shape.indices.reversed() {
          point.insert(Double(rest % mask.shape[axis]) * (spacing?[axis] ?? 1), at: 0)
          rest /= mask.shape[axis]
        }
        return point
      }
    }
    (self.truth, self.prediction, self.distance) = (points(truth), points(prediction), distance)
  }

  var averageHausdorff: Double { (mean(prediction, truth) + mean(truth, prediction)) / 2 }
  var hausdorff: Double { max(distances(prediction, truth).max()!, distances(truth, prediction).max()!) }

  private func mean(_ from: [[Double]], _ to: [[Double]]) -> Double {
    distances(from, to).reduce(0, +) / Double(from.count)
  }

  private func distances(_ from: [[Double]], _ to: [[Double]]) -> [Double] {
    from.map { point in to.map { length(zip(point, $0).map { abs($0 - $1) }) }.min()! }
  }

  private func length(_ steps: [Double]) -> Double {
    switch distance {
    case .euclidean: steps.reduce(0) { $0 + $1 * $1 }.squareRoot()
    case .manhattan: steps.reduce(0, +)
    case .chebyshev: steps.max()!
    }
  }
}

/// Whether two numbers agree but for rounding.
func isClose(_ number: Double?, _ expected: Double, within tolerance: Double = 1e-9) -> Bool {
  guard let number else { return false }
  return abs(number - expected) <= tolerance * max(1, abs(expected))
}
