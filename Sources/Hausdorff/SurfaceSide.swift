/// One boundary as the sizes of its corners and their distances to the other.
struct SurfaceSide {
  private struct Group {
    let distance, size: Double
    let count: Int
    /// The sizes up to this group's end, added one by one, for rounding's sake.
    let sum: Double
  }

  /// Corners that are alike: nearest first, of those as near the smaller first.
  private let groups: [Group]
  /// The sum of the sizes in this order, as NumPy adds them up: where a percentile falls between two corners, rounding
  /// decides.
  let total: Double

  /// - Parameter sizes: ascending, by rank.
  init(_ corners: CornerCounts, sizes: [Double]) {
    var sum = 0.0
    groups = corners.all.sorted { ($0.distance, $0.rank) < ($1.distance, $1.rank) }.map { corner in
      for _ in 0..<corner.count { sum += sizes[corner.rank] }
      return Group(distance: corner.distance, size: sizes[corner.rank], count: corner.count, sum: sum)
    }
    total = Self.pairwiseSum(of: groups[...])
  }

  var maximum: Double { groups.last!.distance }

  var mean: Double { groups.reduce(0) { $0 + $1.distance * $1.size * Double($1.count) } / total }

  /// The first distance behind which so much of the boundary lies.
  func percentile(_ percent: Double) -> Double {
    groups.first { $0.sum / total >= percent / 100 }?.distance ?? maximum
  }

  func size(within tolerance: Double) -> Double {
    Self.pairwiseSum(of: groups.prefix { $0.distance <= tolerance })
  }

  private static func pairwiseSum(of groups: ArraySlice<Group>) -> Double {
    var sizes = Sizes(groups: groups, place: groups.startIndex, left: groups.first?.count ?? 0)
    return sizes.sum(groups.reduce(0) { $0 + $1.count })
  }

  /// The sizes of the corners of some groups, one by one.
  private struct Sizes {
    let groups: ArraySlice<Group>
    var place, left: Int

    mutating func next() -> Double {
      while left == 0 {
        place += 1
        left = groups[place].count
      }
      left -= 1
      return groups[place].size
    }

    /// The sum of the next `count` as NumPy computes it: of blocks of 128, each in eight parts.
    mutating func sum(_ count: Int) -> Double {
      if count > 128 {
        let half = count / 2 - count / 2 % 8
        let first = sum(half)
        return first + sum(count - half)
      }
      var sum = 0.0
      if count >= 8 {
        var parts = SIMD8<Double>(repeating: 0)
        for _ in 0..<count / 8 {
          for lane in 0..<8 { parts[lane] += next() }
        }
        sum =
          ((parts[0] + parts[1]) + (parts[2] + parts[3])) + ((parts[4] + parts[5]) + (parts[6] + parts[7]))
      }
      for _ in 0..<count % 8 { sum += next() }
      return sum
    }
  }
}

/// How many corners there are of each distance and rank of size; distances on a grid are few.
struct CornerCounts {
  typealias Corners = (distance: Double, rank: Int, count: Int)

  private var table = [Corners](repeating: (0, 0, 0), count: 512)
  private var used = 0

  /// The different ones, in no particular order.
  var all: [Corners] { table.filter { $0.count > 0 } }

  mutating func add(_ distance: Double, _ rank: Int, _ count: Int) {
    let place = place(distance, rank)
    if table[place].count == 0 {
      used += 1
      guard 2 * used <= table.count else {
        grow()
        return add(distance, rank, count)
      }
    }
    table[place] = (distance, rank, table[place].count + count)
  }

  /// Where corners of this kind are, or would be.
  private func place(_ distance: Double, _ rank: Int) -> Int {
    // A multiple of the golden ratio, whose first bits depend on all of the key.
    let hash = (distance.bitPattern ^ UInt64(rank)) &* 0x9E37_79B9_7F4A_7C15
    var place = Int(hash >> UInt64(64 - table.count.trailingZeroBitCount))
    while table[place].count > 0, table[place].distance != distance || table[place].rank != rank {
      place = (place + 1) & (table.count - 1)
    }
    return place
  }

  private mutating func grow() {
    let corners = all
    table = [Corners](repeating: (0, 0, 0), count: 2 * table.count)
    used = corners.count
    for corner in corners { table[place(corner.distance, corner.rank)] = corner }
  }
}
