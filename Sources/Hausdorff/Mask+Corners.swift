extension Mask {
  /// The corners of the grid's points where the boundary passes: those between a foreground and a background point, outside
  /// the grid being background. One more along each axis than there are points.
  var corners: Mask {
    var result = Mask(emptyWithShape: shape.map { $0 + 1 })
    let (isVolume, height, perRow) = (shape.count == 3, shape[shape.count - 2], wordsPerRow)
    let (depth, words) = (isVolume ? shape[0] : 1, result.wordsPerRow)
    let outside = [UInt64](repeating: 0, count: perRow)
    self.words.withUnsafeBufferPointer { points in
      outside.withUnsafeBufferPointer { outside in
        result.words.withUnsafeMutableBufferPointer { corners in
          func row(_ z: Int, _ y: Int) -> UnsafePointer<UInt64> {
            guard z >= 0, z < depth, y >= 0, y < height else { return outside.baseAddress! }
            return points.baseAddress! + (z * height + y) * perRow
          }
          var target = corners.baseAddress!
          for z in 0...(isVolume ? depth : 0) {
            for y in 0...height {
              let (a, b) = (row(z, y - 1), row(z, y))
              let (c, d) = isVolume ? (row(z - 1, y - 1), row(z - 1, y)) : (a, b)
              // Points to the left of a word's first corner.
              var (anyBefore, allBefore) = (UInt64(0), UInt64(0))
              for word in 0..<perRow {
                let any = a[word] | b[word] | c[word] | d[word]
                let all = a[word] & b[word] & c[word] & d[word]
                target[word] = (any | any << 1 | anyBefore) & ~(all & (all << 1 | allBefore))
                (anyBefore, allBefore) = (any >> 63, all >> 63)
              }
              if words > perRow { target[perRow] = anyBefore }
              target += words
            }
          }
        }
      }
    }
    return result
  }

  /// Lends what tells which of the points around a corner are foreground.
  func withCodes<Result>(_ body: (CornerCodes) throws -> Result) rethrows -> Result {
    try words.withUnsafeBufferPointer { words in
      try body(
        CornerCodes(
          words: words.baseAddress!, perRow: wordsPerRow, isVolume: shape.count == 3,
          depth: shape.count == 3 ? shape[0] : 1, height: shape[shape.count - 2], columns: columns))
    }
  }

  /// Calls `body` with the index, in C order, of every point that both masks have.
  func forEachPoint(in other: Mask, _ body: (Int) -> Void) {
    let (columns, perRow) = (columns, wordsPerRow)
    words.withUnsafeBufferPointer { mine in
      other.words.withUnsafeBufferPointer { its in
        for row in 0..<rows {
          for word in row * perRow..<(row + 1) * perRow {
            var bits = mine[word] & its[word]
            while bits != 0 {
              body(row * columns + (word - row * perRow) * 64 + bits.trailingZeroBitCount)
              bits &= bits - 1
            }
          }
        }
      }
    }
  }
}

/// Which of the points around each corner of a mask are foreground: 4 or 8 bits, the first point in C order is the most
/// significant.
struct CornerCodes {
  fileprivate let words: UnsafePointer<UInt64>
  fileprivate let perRow: Int
  fileprivate let isVolume: Bool
  fileprivate let depth, height, columns: Int

  /// The code of the corner of that index in the grid of corners, in C order.
  subscript(corner: Int) -> Int {
    let (rest, x) = corner.quotientAndRemainder(dividingBy: columns + 1)
    guard isVolume else { return two(0, rest - 1, x) << 2 | two(0, rest, x) }
    let (z, y) = rest.quotientAndRemainder(dividingBy: height + 1)
    return two(z - 1, y - 1, x) << 6 | two(z - 1, y, x) << 4 | two(z, y - 1, x) << 2 | two(z, y, x)
  }

  /// The points to the left and to the right of a column of corners.
  @inline(__always)
  private func two(_ z: Int, _ y: Int, _ x: Int) -> Int {
    guard z >= 0, z < depth, y >= 0, y < height else { return 0 }
    let row = words + (z * height + y) * perRow
    let left = x > 0 ? row[(x - 1) >> 6] >> UInt64((x - 1) & 63) & 1 : 0
    let right = x < columns ? row[x >> 6] >> UInt64(x & 63) & 1 : 0
    return Int(left << 1 | right)
  }
}
