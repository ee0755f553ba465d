/// What stands below the masks: lines of items, each a sign and what it means.
struct Legend {
  enum Piece: Equatable {
    case text(String)
    /// A line as outlines are drawn.
    case line(Colour)
    case box(Colour)
    /// All levels of distance.
    case ramp
    /// The sign of the worst point.
    case ring
    /// A scale bar of so many pixels.
    case bar(Int)
  }

  typealias Item = [Piece]

  private struct Row {
    var items: [(column: Int, item: Item)] = []
    var width = 0
  }

  private let unit: Int
  private var rows: [Row] = []

  /// - Parameters:
  ///   - groups: items that share lines; each group begins a new one.
  ///   - width: of a line; an item that is longer has one for itself.
  init(_ groups: [[Item]], width: Int, unit: Int) {
    self.unit = unit
    for group in groups {
      var row = Row()
      for item in group where !item.isEmpty {
        let size = Self.width(of: item, unit)
        let gap = row.items.isEmpty ? 0 : Self.gap * unit
        if row.width + gap + size > width, !row.items.isEmpty {
          rows.append(row)
          row = Row(items: [(0, item)], width: size)
        } else {
          row.items.append((row.width + gap, item))
          row.width += gap + size
        }
      }
      if !row.items.isEmpty { rows.append(row) }
    }
  }

  // In units.
  private static let lineHeight = 15
  private static let gap = 9
  private static let space = 4
  private static let swatch = 12
  private static let rampWidth = 64

  var height: Int { rows.count * Self.lineHeight * unit }
  var width: Int { rows.map(\.width).max() ?? 0 }

  private static func width(of item: Item, _ unit: Int) -> Int {
    item.reduce(0) { $0 + width(of: $1, unit) } + (item.count - 1) * space * unit
  }

  private static func width(of piece: Piece, _ unit: Int) -> Int {
    switch piece {
    case .text(let text): Canvas.width(of: text, scale: unit)
    case .line, .box, .ring: swatch * unit
    case .ramp: rampWidth * unit
    case .bar(let pixels): pixels
    }
  }

  /// Draws it with its corner at the top left at this pixel.
  func draw(on canvas: inout Canvas, column: Int, row top: Int) {
    for (number, row) in rows.enumerated() {
      let middle = top + (number * Self.lineHeight + Self.lineHeight / 2) * unit
      for (start, item) in row.items {
        var column = column + start
        for piece in item {
          draw(piece, on: &canvas, column, middle)
          column += Self.width(of: piece, unit) + Self.space * unit
        }
      }
    }
  }

  private func draw(_ piece: Piece, on canvas: inout Canvas, _ column: Int, _ middle: Int) {
    let columns = column..<column + Self.width(of: piece, unit)
    let rows = middle - 4 * unit..<middle + 4 * unit
    switch piece {
    case .text(let text):
      canvas.write(text, at: column, baseline: middle + 4 * unit, scale: unit, Palette.ink)
    case .line(let colour): canvas.fill(columns, middle - unit..<middle + unit, colour)
    case .box(let colour): canvas.fill(columns, rows, colour)
    case .ramp:
      for column in columns {
        let level = 1 + (column - columns.lowerBound) * 254 / max(1, columns.count - 1)
        canvas.fill(column..<column + 1, rows, Palette.levels[level])
      }
    case .ring:
      let centre = Place(x: Double(columns.lowerBound + columns.upperBound) / 2, y: Double(middle))
      canvas.ring(centre, radius: 4.5 * Double(unit), width: 1.25 * Double(unit), Palette.ink)
    case .bar:
      canvas.fill(columns, middle..<middle + unit, Palette.ink)
      for end in [
        columns.lowerBound..<columns.lowerBound + unit, columns.upperBound - unit..<columns.upperBound,
      ] {
        canvas.fill(end, middle - 2 * unit..<middle + 3 * unit, Palette.ink)
      }
    }
  }
}
