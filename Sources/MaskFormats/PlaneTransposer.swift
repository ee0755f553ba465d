import Glibc

/// Writes columns, each dense where they are read, as rows, each dense where they are written.
///
/// It goes by tiles of a line of the cache either way, which begin where lines do. Each tile is gathered densely first.
/// Columns and rows are often a power of two apart; their lines then throw each other out of the cache, so every line
/// had better be read, and written, as a whole and at once.
struct PlaneTransposer<Element: FixedWidthInteger> {
  /// Bytes of a line of the cache.
  private static var lineCount: Int { 64 }
  private static var size: Int { MemoryLayout<Element>.size }
  private static var edge: Int { 64 / MemoryLayout<Element>.size }

  private let rows, columns: Int
  /// Elements from one column to the next in the input, and from one row to the next in the output.
  private let inputStride, outputStride: Int
  private let isByteSwapped: Bool
  private let tile: UnsafeMutablePointer<Element>

  /// Lends one for planes of that size; `inputStride` is from column to column, `outputStride` from row to row.
  static func lend(
    rows: Int, columns: Int, inputStride: Int, outputStride: Int, isByteSwapped: Bool,
    _ body: (PlaneTransposer) -> Void
  ) {
    withUnsafeTemporaryAllocation(byteCount: edge * edge * size, alignment: lineCount) { tile in
      body(
        PlaneTransposer(
          rows: rows, columns: columns, inputStride: inputStride, outputStride: outputStride,
          isByteSwapped: isByteSwapped, tile: tile.bindMemory(to: Element.self).baseAddress!))
    }
  }

  /// One plane, whose first element is at `input` and goes to `output`.
  func transpose(_ input: UnsafeRawPointer, to output: UnsafeMutablePointer<Element>) {
    var row = 0
    while row < rows {
      let rowCount = min(Self.untilLine(input + row * Self.size), rows - row)
      var column = 0
      while column < columns {
        let columnCount = min(Self.untilLine(output + row * outputStride + column), columns - column)
        gather(input + (row + column * inputStride) * Self.size, rowCount, columnCount)
        scatter(output + (row * outputStride + column), rowCount, columnCount)
        column += columnCount
      }
      row += rowCount
    }
  }

  /// Elements from `address` to the next line; there may be a part of one.
  @inline(__always)
  private static func untilLine(_ address: UnsafeRawPointer) -> Int {
    edge - Int(bitPattern: address) % lineCount / size
  }

  /// Reads a tile, column by column, in the byte order of this machine.
  @inline(__always)
  private func gather(_ input: UnsafeRawPointer, _ rowCount: Int, _ columnCount: Int) {
    for column in 0..<columnCount {
      let (source, target) = (input + column * inputStride * Self.size, tile + column * Self.edge)
      if isByteSwapped {
        for row in 0..<rowCount {
          target[row] =
            source.loadUnaligned(fromByteOffset: row * Self.size, as: Element.self).byteSwapped
        }
      } else {
        memcpy(target, source, rowCount * Self.size)
      }
    }
  }

  /// Writes the tile, row by row.
  @inline(__always)
  private func scatter(_ output: UnsafeMutablePointer<Element>, _ rowCount: Int, _ columnCount: Int) {
    let block = 8 / Self.size
    for row in stride(from: 0, to: rowCount, by: block) {
      for column in stride(from: 0, to: columnCount, by: block) {
        let target = output + row * outputStride + column
        if row + block <= rowCount, column + block <= columnCount {
          scatterBlock(tile + column * Self.edge + row, to: target)
        } else {
          for r in 0..<min(block, rowCount - row) {
            for c in 0..<min(block, columnCount - column) {
              target[r * outputStride + c] = tile[(column + c) * Self.edge + row + r]
            }
          }
        }
      }
    }
  }

  /// Turns a square of words: halves of it are exchanged across the diagonal, then halves of its quarters, and so on
  /// (Warren, Hacker's Delight, 7-3).
  @inline(__always)
  private func scatterBlock(_ columns: UnsafePointer<Element>, to output: UnsafeMutablePointer<Element>) {
    let block = 8 / Self.size
    var words = InlineArray<8, UInt64>(repeating: 0)
    for column in 0..<block {
      words[column] = UnsafeRawPointer(columns + column * Self.edge).loadUnaligned(as: UInt64.self)
    }
    var half = block / 2
    while half > 0 {
      let shift = UInt64(8 * Self.size * half)
      // The low half of every group of 2 * half elements.
      let low = UInt64.max / (1 << shift + 1)
      for first in 0..<block where first & half == 0 {
        let exchanged = (words[first] >> shift ^ words[first + half]) & low
        words[first] ^= exchanged << shift
        words[first + half] ^= exchanged
      }
      half /= 2
    }
    for row in 0..<block {
      UnsafeMutableRawPointer(output + row * outputStride).storeBytes(of: words[row], as: UInt64.self)
    }
  }
}
