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
  init(_ corners: borrowing CornerCounts, sizes: [Double]) {
    var sum = 0.0
    let sorted = corners.all.sorted {
      $0.distance == $1.distance ? $0.rank < $1.rank : $0.distance < $1.distance
    }
    groups = sorted.map { corner in
      let size = sizes[corner.rank]
      for _ in 0..<corner.count { sum += size }
      return Group(distance: corner.distance, size: size, count: corner.count, sum: sum)
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
    groups.withUnsafeBufferPointer { groups in
      withUnsafeTemporaryAllocation(of: Double.self, capacity: Sizes.blockCount) { block in
        var sizes = Sizes(groups: groups, block: block)
        return sizes.sum(groups.reduce(0) { $0 + $1.count })
      }
    }
  }

  /// The sizes of the corners of some groups, one by one.
  private struct Sizes {
    /// How many are added without being halved.
    static let blockCount = 128

    let groups: UnsafeBufferPointer<Group>
    let block: UnsafeMutableBufferPointer<Double>
    private var place = 0
    private var taken = 0

    init(groups: UnsafeBufferPointer<Group>, block: UnsafeMutableBufferPointer<Double>) {
      (self.groups, self.block) = (groups, block)
    }

    /// Puts the next `count` into the block.
    private mutating func take(_ count: Int) {
      var filled = 0
      while filled < count {
        if taken == groups[place].count { (place, taken) = (place + 1, 0) }
        let group = groups[place]
        let some = min(group.count - taken, count - filled)
        for index in filled..<filled + some { block[index] = group.size }
        (taken, filled) = (taken + some, filled + some)
      }
    }

    /// The sum of the next `count` as NumPy computes it: of blocks of 128 at most, each in eight parts.
    mutating func sum(_ count: Int) -> Double {
      if count > Self.blockCount {
        let half = count / 2 - count / 2 % 8
        let first = sum(half)
        return first + sum(count - half)
      }
      take(count)
      var sum = 0.0
      let whole = count - count % 8
      if whole > 0 {
        var parts = SIMD8<Double>(repeating: 0)
        for start in stride(from: 0, to: whole, by: 8) {
          parts += UnsafeRawPointer(block.baseAddress! + start).loadUnaligned(as: SIMD8<Double>.self)
        }
        sum =
          ((parts[0] + parts[1]) + (parts[2] + parts[3])) + ((parts[4] + parts[5]) + (parts[6] + parts[7]))
      }
      for index in whole..<count { sum += block[index] }
      return sum
    }
  }
}

/// How many corners there are of each distance and rank of size; distances on a grid are few.
struct CornerCounts: ~Copyable {
  typealias Corners = (distance: Double, rank: Int, count: Int)

  private var table = Self.table(512)
  private var used = 0

  deinit { table.deallocate() }

  private static func table(_ count: Int) -> UnsafeMutableBufferPointer<Corners> {
    let table = UnsafeMutableBufferPointer<Corners>.allocate(capacity: count)
    table.initialize(repeating: (0, 0, 0))
    return table
  }

  /// The different ones, in no particular order.
  var all: [Corners] { table.filter { $0.count > 0 } }

  @inline(__always)
  mutating func add(_ distance: Double, _ rank: Int, _ count: Int) {
    let place = place(distance, rank)
    if table[place].count == 0 {
      table[place] = (distance, rank, count)
      used += 1
      if 2 * used > table.count { grow() }
    } else {
      table[place].count += count
    }
  }

  /// Where corners of this kind are, or would be.
  @inline(__always)
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
    table.deallocate()
    table = Self.table(2 * table.count)
    for corner in corners { table[place(corner.distance, corner.rank)] = corner }
  }
}
