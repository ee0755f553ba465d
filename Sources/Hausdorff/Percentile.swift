/// Non-negative values, of which so many are 0 and not listed.
struct Distribution {
  let values: [Double]
  let zeros: Int
  /// What was asked for last: conventions differ in what they make of it.
  private var last: (rank: Int, neighbours: (low: Double, high: Double))?
  var count: Int { values.count + zeros }

  init(values: [Double], zeros: Int) { (self.values, self.zeros) = (values, zeros) }

  /// The distances of one direction, or of both together.
  init(_ sides: [DirectedDistances]) {
    values = sides.count == 1 ? sides[0].values : sides.flatMap(\.values)
    zeros = sides.reduce(0) { $0 + $1.zeros }
  }

  /// The value at this place of the ascending order, and the one behind it, or the same where it is the last.
  ///
  /// Time is linear in the number of values.
  mutating func neighbours(at rank: Int) -> (low: Double, high: Double) {
    if let last, last.rank == rank { return last.neighbours }
    let neighbours = found(at: rank)
    last = (rank, neighbours)
    return neighbours
  }

  private func found(at rank: Int) -> (low: Double, high: Double) {
    guard rank >= zeros else { return (0, rank + 1 < zeros ? 0 : values.min() ?? 0) }
    let low = value(at: rank - zeros)
    var (notAbove, next) = (0, Double.infinity)
    for value in values {
      if value <= low { notAbove += 1 } else if value < next { next = value }
    }
    return (low, notAbove > rank - zeros + 1 || next == .infinity ? low : next)
  }

  /// The listed value at this place of their ascending order.
  ///
  /// Each round sorts into 1,024 bins over the range of bit patterns that is left (they order as the values do, being
  /// non-negative) and keeps one, so at most seven rounds are needed.
  private func value(at rank: Int) -> Double {
    var (rank, candidates) = (rank, values)
    while true {
      guard candidates.count > 32 else { return candidates.sorted()[rank] }
      var (low, high) = (UInt64.max, UInt64.min)
      for value in candidates {
        low = min(low, value.bitPattern)
        high = max(high, value.bitPattern)
      }
      guard low < high else { return Double(bitPattern: low) }
      let shift = UInt64(max(0, 64 - (high - low).leadingZeroBitCount - 10))
      var counts = [Int](repeating: 0, count: 1024)
      for value in candidates { counts[Int((value.bitPattern - low) >> shift)] += 1 }
      var bin = 0
      while rank >= counts[bin] {
        rank -= counts[bin]
        bin += 1
      }
      candidates = candidates.filter { Int(($0.bitPattern - low) >> shift) == bin }
    }
  }
}

/// The percentile with linear interpolation, NumPy's default: rank q/100 · (n − 1) among the n values in order.
///
/// - Precondition: at least one value; `percent` in 0…100.
func percentile(_ percent: Double, of distribution: inout Distribution) -> Double {
  precondition(distribution.count > 0 && (0...100).contains(percent))
  let rank = percent / 100 * Double(distribution.count - 1)
  let lower = min(Int(rank), distribution.count - 1)
  let (low, high) = distribution.neighbours(at: lower)
  return low + (high - low) * (rank - Double(lower))
}

/// The same in float32 throughout, as `torch.quantile` interpolates float32 values, the rank included.
func singlePercentile(_ percent: Double, of distribution: inout Distribution) -> Double {
  precondition(distribution.count > 0 && (0...100).contains(percent))
  let rank = Float(percent / 100) * Float(distribution.count - 1)
  let lower = min(Int(rank), distribution.count - 1)
  let neighbours = distribution.neighbours(at: lower)
  let (low, high, weight) = (Float(neighbours.low), Float(neighbours.high), rank - Float(lower))
  return Double(weight < 0.5 ? low + weight * (high - low) : high - (high - low) * (1 - weight))
}
