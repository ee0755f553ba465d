extension Mask {
  /// The corners of the grid's points where the boundary passes: those between a foreground and a background point, outside
  /// the grid being background. One more along each axis than there are points.
  var corners: Mask {
    var result = Mask(emptyWithShape: shape.map { $0 + 1 })
    let words = result.wordsPerRow
    let height = shape[shape.count - 2]
    let depth = shape.count == 3 ? shape[0] : 1
    /// The points of the rows around a row of corners, those to the right of each corner and those to the left.
    func around(_ z: Int, _ y: Int, _ any: inout UInt64, _ all: inout UInt64, _ word: Int) {
      for y in y - 1...y {
        guard z >= 0, z < depth, y >= 0, y < height else {
          all = 0
          continue
        }
        let row = (z * height + y) * wordsPerRow
        let here = word < wordsPerRow ? self.words[row + word] : 0
        let left = here << 1 | (word > 0 ? self.words[row + word - 1] >> 63 : 0)
        any |= here | left
        all &= here & left
      }
    }
    for row in 0..<result.rows {
      let (z, y) = shape.count == 3 ? (row / (height + 1), row % (height + 1)) : (0, row)
      for word in 0..<words {
        var (any, all) = (UInt64(0), UInt64.max)
        if shape.count == 3 { around(z - 1, y, &any, &all, word) }
        around(z, y, &any, &all, word)
        result.words[row * words + word] = any & ~all
      }
    }
    return result
  }

  /// Which of the points around a corner are foreground: 4 or 8 bits, the first point in C order is the most significant.
  ///
  /// - Parameter extents: of the corners' grid, in which `place` counts.
  func code(atCorner place: Int, of extents: [Int]) -> Int {
    let (rest, x) = place.quotientAndRemainder(dividingBy: extents[extents.count - 1])
    let height = extents[extents.count - 2]
    let (z, y) = extents.count == 3 ? rest.quotientAndRemainder(dividingBy: height) : (0, rest)
    var code = 0
    for plane in (extents.count == 3 ? z - 1 : 0)...z {
      for row in y - 1...y {
        let isInside = plane >= 0 && row >= 0 && row < height - 1 && (extents.count == 2 || plane < shape[0])
        for column in x - 1...x {
          let isSet =
            isInside && column >= 0 && column < columns
            && self[plane * (height - 1) + row, column]
          code = code << 1 | (isSet ? 1 : 0)
        }
      }
    }
    return code
  }

  /// The indices, in C order, of the points that both masks have.
  func places(in other: Mask) -> [Int] {
    var places: [Int] = []
    for row in 0..<rows {
      for word in 0..<wordsPerRow {
        var bits = words[row * wordsPerRow + word] & other.words[row * wordsPerRow + word]
        while bits != 0 {
          places.append(row * columns + word * 64 + bits.trailingZeroBitCount)
          bits &= bits - 1
        }
      }
    }
    return places
  }
}
