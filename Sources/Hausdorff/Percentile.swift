/// The percentile, with linear interpolation, of non-negative values of which `zeros` more are 0.
///
/// NumPy's default method: rank q/100 · (n − 1) among the n values in order, interpolated between neighbours. Time is
/// linear in the number of values.
///
/// - Precondition: at least one value or zero; `percent` in 0…100.
func percentile(_ percent: Double, of values: [Double], zeros: Int) -> Double {
  let count = values.count + zeros
  precondition(count > 0 && (0...100).contains(percent))
  let rank = percent / 100 * Double(count - 1)
  let lower = min(Int(rank), count - 1)
  let fraction = rank - Double(lower)
  guard lower >= zeros else {
    // The upper neighbour may be the smallest value.
    guard fraction > 0, lower + 1 == zeros, let least = values.min() else { return 0 }
    return least * fraction
  }
  let low = value(ofRank: lower - zeros, in: values)
  guard fraction > 0 else { return low }
  var (notAbove, next) = (0, Double.infinity)
  for value in values {
    if value <= low { notAbove += 1 } else if value < next { next = value }
  }
  let high = notAbove > lower - zeros + 1 ? low : next
  return low + (high - low) * fraction
}

/// The value at this place of the ascending order.
///
/// Each round sorts into 1,024 bins over the range of bit patterns that is left (they order as the values do, being
/// non-negative) and keeps one, so at most seven rounds are needed.
private func value(ofRank rank: Int, in values: [Double]) -> Double {
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
