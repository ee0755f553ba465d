/// An image that is drawn on. What lies outside of it is left out.
struct Canvas {
  let width, height: Int
  /// Red, green and blue of each pixel, rows from the top.
  private(set) var samples: [UInt8]

  /// White paper.
  init(width: Int, height: Int) {
    (self.width, self.height) = (width, height)
    samples = [UInt8](repeating: 0xFF, count: 3 * width * height)
  }

  /// Fills a rectangle.
  mutating func fill(_ columns: Range<Int>, _ rows: Range<Int>, _ colour: Colour) {
    let columns = columns.clamped(to: 0..<width)
    for row in rows.clamped(to: 0..<height) {
      for column in columns { set(3 * (row * width + column), colour) }
    }
  }

  /// Covers a share of a pixel, 0 to 1.
  mutating func cover(_ column: Int, _ row: Int, _ share: Double, _ colour: Colour) {
    guard share > 0, (0..<width).contains(column), (0..<height).contains(row) else { return }
    let place = 3 * (row * width + column)
    let before = Colour(
      UInt32(samples[place]) << 16 | UInt32(samples[place + 1]) << 8 | UInt32(samples[place + 2]))
    set(place, before.mixed(min(share, 1), with: colour))
  }

  /// Puts a line of colours, each `scale` pixels wide, into some rows from a column on.
  ///
  /// - Precondition: it all lies on the canvas.
  mutating func putLine(_ colours: [Colour], scale: Int, at column: Int, rows: Range<Int>) {
    var line: [UInt8] = []
    line.reserveCapacity(3 * colours.count * scale)
    for colour in colours {
      for _ in 0..<scale {
        line.append(colour.red)
        line.append(colour.green)
        line.append(colour.blue)
      }
    }
    for row in rows {
      let start = 3 * (row * width + column)
      samples.replaceSubrange(start..<start + line.count, with: line)
    }
  }

  private mutating func set(_ place: Int, _ colour: Colour) {
    samples[place] = colour.red
    samples[place + 1] = colour.green
    samples[place + 2] = colour.blue
  }
}
