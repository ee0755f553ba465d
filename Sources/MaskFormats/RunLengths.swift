import Glibc
import Hausdorff

/// A mask as COCO writes it: the lengths of its runs, down one column after the other, of background and foreground in
/// turn, background first.
struct RunLengths {
  /// The lengths, in one of COCO's two ways.
  enum Counts {
    case numbers(NumericArray)
    /// Characters of 6 bits each, see `paint(compressed:)`.
    case compressed([UInt8])
  }

  var height: Int
  var width: Int
  var counts: Counts

  /// The mask, (height, width) of uint8.
  ///
  /// - Throws: `FormatError.tooLarge` for a size over the limits, `malformed` for runs that are not whole numbers of at
  ///   least 0, or do not fill the mask exactly; its path leads to the count at fault.
  func array(limits: FormatLimits) throws(FormatError) -> NumericArray {
    let shape = [height, width]
    let count = try limits.byteCount(shape: shape, type: .uint8)
    let mask = try OwnedBytes(count: count) { (output) throws(FormatError) in
      // A single row or column is painted in its place.
      let bandWidth = min(height, width) == 1 ? 0 : min(RunPainter.bandWidth, width)
      _ = try OwnedBytes(count: bandWidth * height) { (band) throws(FormatError) in
        var painter = RunPainter(output, height: height, width: width, band: band)
        switch counts {
        case .numbers(let numbers): try paint(numbers, &painter)
        case .compressed(let text): try paint(compressed: text, &painter)
        }
        try painter.finish()
      }
    }
    return NumericArray(mask, shape: shape, type: .uint8)
  }

  private func paint(_ numbers: NumericArray, _ painter: inout RunPainter) throws(FormatError) {
    // A block at a time: there may be far more numbers than the mask has elements.
    let count = numbers.shape[0]
    for start in stride(from: 0, to: count, by: 4096) {
      let block = numbers.doubles(from: start, count: min(4096, count - start))
      for (index, number) in block.enumerated() {
        guard let length = Int(exactly: number) else {
          throw FormatError(.malformed, "\(number) is no whole number", path: "/\(start + index)")
        }
        do throws(FormatError) { try painter.add(length) } catch { throw error.at("/\(start + index)") }
      }
    }
  }

  /// Reads lengths of characters that stand for 6 bits each, 0 being "0": 5 bits of a number, the lowest first, and then
  /// whether more follow. The highest of the last 5 bits is the number's sign. From the fourth on each is the difference
  /// from the length two before it.
  private func paint(compressed text: [UInt8], _ painter: inout RunPainter) throws(FormatError) {
    var (last, beforeLast) = (0, 0)
    var at = 0
    var index = 0
    while at < text.count {
      let start = at
      var (number, shift) = (0, 0)
      var bits: UInt8
      repeat {
        guard at < text.count else {
          throw FormatError(.malformed, "the last run, at character \(start), is cut short")
        }
        bits = text[at] &- UInt8(ascii: "0")
        guard bits < 64 else {
          throw FormatError(.malformed, "character \(at) is none of those of a run-length encoding")
        }
        guard shift < 60 else { throw FormatError(.malformed, "the run at character \(start) is too long") }
        number |= Int(bits & 0x1F) << shift
        shift += 5
        at += 1
      } while bits & 0x20 != 0
      if bits & 0x10 != 0 { number |= -1 << shift }
      // Lengths are below 2^60 in size, and so is what they differ by.
      let length = index > 2 ? number + beforeLast : number
      do throws(FormatError) {
        try painter.add(length)
      } catch {
        throw FormatError(error.kind, "the run at character \(start): \(error.detail)")
      }
      (last, beforeLast) = (length, last)
      index += 1
    }
  }
}

/// Writes runs of 0 and 1 in turn, down one column after the other, into rows.
///
/// It paints a band of columns, each dense, and turns that into parts of the rows when it is full.
private struct RunPainter {
  /// Columns of a band: as many as a line of the cache has bytes.
  static let bandWidth = 64

  private let output, band: UnsafeMutableRawBufferPointer
  private let height, width: Int
  /// Elements painted, and those of them that are in the band.
  private var position = 0
  private var bandCount = 0
  private var value: Int32 = 0

  /// - Parameter band: room for up to `bandWidth` columns; empty where columns and rows are stored alike.
  init(
    _ output: UnsafeMutableRawBufferPointer, height: Int, width: Int, band: UnsafeMutableRawBufferPointer
  ) {
    (self.output, self.height, self.width) = (output, height, width)
    self.band = band.isEmpty ? output : band
  }

  mutating func add(_ length: Int) throws(FormatError) {
    guard length >= 0 else { throw FormatError(.malformed, "a run of length \(length)") }
    guard length <= output.count - position else {
      throw FormatError(
        .malformed,
        "a run of \(length) elements, but of \(output.count) only \(output.count - position) are left")
    }
    let end = position + length
    while position < end {
      let count = min(end - position, band.count - bandCount)
      memset(band.baseAddress! + bandCount, value, count)
      position += count
      bandCount += count
      if bandCount == band.count || position == output.count { writeBand() }
    }
    value ^= 1
  }

  private mutating func writeBand() {
    guard band.baseAddress != output.baseAddress else { return }
    let columns = bandCount / height
    let firstColumn = position / height - columns
    PlaneTransposer<UInt8>.lend(
      rows: height, columns: columns, inputStride: height, outputStride: width, isByteSwapped: false
    ) { transposer in
      transposer.transpose(
        band.baseAddress!, to: output.bindMemory(to: UInt8.self).baseAddress! + firstColumn)
    }
    bandCount = 0
  }

  func finish() throws(FormatError) {
    guard position == output.count else {
      throw FormatError(.malformed, "the runs cover \(position) of \(output.count) elements")
    }
  }
}
