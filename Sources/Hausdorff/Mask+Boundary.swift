extension Mask {
  /// The foreground points with a background neighbour: 4-neighbours in a plane, 6-neighbours in a volume.
  ///
  /// Outside the grid counts as background, so foreground at the border is boundary.
  public var boundary: Mask {
    var result = self
    let perRow = wordsPerRow
    let height = shape[shape.count - 2]
    let depth = shape.count == 3 ? shape[0] : 1
    let zero = [UInt64](repeating: 0, count: perRow)
    words.withUnsafeBufferPointer { all in
      zero.withUnsafeBufferPointer { outside in
        result.words.withUnsafeMutableBufferPointer { out in
          func row(_ z: Int, _ y: Int) -> UnsafePointer<UInt64> {
            guard z >= 0, z < depth, y >= 0, y < height else { return outside.baseAddress! }
            return all.baseAddress! + (z * height + y) * perRow
          }
          for z in 0..<depth {
            for y in 0..<height {
              let (here, above, below) = (row(z, y), row(z, y - 1), row(z, y + 1))
              let (front, back) = shape.count == 3 ? (row(z - 1, y), row(z + 1, y)) : (here, here)
              let target = out.baseAddress! + (z * height + y) * perRow
              for w in 0..<perRow {
                let left = here[w] << 1 | (w > 0 ? here[w - 1] >> 63 : 0)
                let right = here[w] >> 1 | (w + 1 < perRow ? here[w + 1] << 63 : 0)
                target[w] = here[w] & ~(left & right & above[w] & below[w] & front[w] & back[w])
              }
            }
          }
        }
      }
    }
    return result
  }
}
