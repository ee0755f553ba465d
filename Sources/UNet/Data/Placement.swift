import Glibc

/// Where the pixels of one image lie in another: an affine map from rows and columns to rows and columns.
///
/// Whole numbers are the centres of pixels. Right angles, flips and shifts by whole pixels are exact.
struct Placement {
  /// Of the target: height and width.
  let height: Int
  let width: Int
  private let start: (row: Double, column: Double)
  private let byRow: (row: Double, column: Double)
  private let byColumn: (row: Double, column: Double)
  /// Points along each axis of a pixel of the target that are averaged, where pixels of the source are smaller.
  private let points: (rows: Int, columns: Int)

  /// A linear map of (row, column) offsets.
  struct Turn {
    var rows = (row: 1.0, column: 0.0)
    var columns = (row: 0.0, column: 1.0)

    /// Exactly so many quarters of a circle.
    mutating func turn(quarters: Int) {
      for _ in 0..<quarters {
        (rows, columns) = (
          (row: -columns.row, column: -columns.column), (row: rows.row, column: rows.column)
        )
      }
    }

    mutating func turn(degrees: Double) {
      let (sine, cosine) = (sin(degrees * .pi / 180), cos(degrees * .pi / 180))
      (rows, columns) = (
        (row: cosine * rows.row - sine * columns.row, column: cosine * rows.column - sine * columns.column),
        (row: sine * rows.row + cosine * columns.row, column: sine * rows.column + cosine * columns.column)
      )
    }

    mutating func flipRows() { rows = (-rows.row, -rows.column) }
    mutating func flipColumns() { columns = (-columns.row, -columns.column) }

    mutating func scale(rows rowFactor: Double, columns columnFactor: Double) {
      rows = (rows.row * rowFactor, rows.column * rowFactor)
      columns = (columns.row * columnFactor, columns.column * columnFactor)
    }
  }

  /// Pixels around the target's centre, turned, around `centre` in the source.
  init(height: Int, width: Int, around centre: (row: Double, column: Double), turn: Turn = Turn()) {
    (self.height, self.width) = (height, width)
    byRow = (turn.rows.row, turn.columns.row)
    byColumn = (turn.rows.column, turn.columns.column)
    let (row, column) = (Double(height - 1) / 2, Double(width - 1) / 2)
    start = (
      centre.row - row * byRow.row - column * byColumn.row,
      centre.column - row * byRow.column - column * byColumn.column
    )
    func count(_ step: (row: Double, column: Double)) -> Int {
      let length = (step.row * step.row + step.column * step.column).squareRoot()
      return Int(min(max(1, (length - 1e-9).rounded(.up)), 16))
    }
    points = (count(byRow), count(byColumn))
  }

  /// All of an image of one size in another size.
  init(height: Int, width: Int, ofSize size: (height: Int, width: Int), turn: Turn = Turn()) {
    var turn = turn
    turn.scale(rows: Double(size.height) / Double(height), columns: Double(size.width) / Double(width))
    self.init(
      height: height, width: width,
      around: (Double(size.height - 1) / 2, Double(size.width - 1) / 2), turn: turn)
  }

  private func source(_ row: Double, _ column: Double) -> (row: Double, column: Double) {
    (
      start.row + row * byRow.row + column * byColumn.row,
      start.column + row * byRow.column + column * byColumn.column
    )
  }

  /// The target's values: interpolated linearly between four pixels, 0 outside the source.
  func interpolate(
    _ source: UnsafeBufferPointer<Float>, height: Int, width: Int,
    into target: UnsafeMutableBufferPointer<Float>
  ) {
    let count = points.rows * points.columns
    let share = 1 / Float(count)
    for row in 0..<self.height {
      for column in 0..<self.width {
        var sum: Float = 0
        for point in 0..<count {
          let (y, x) = (point / points.columns, point % points.columns)
          let at = self.source(
            Double(row) + Self.offset(y, of: points.rows), Double(column) + Self.offset(x, of: points.columns)
          )
          sum += Self.value(source, height, width, at)
        }
        target[row * self.width + column] = count == 1 ? sum : sum * share
      }
    }
  }

  /// Of a point among those of a pixel, from its centre.
  private static func offset(_ point: Int, of points: Int) -> Double {
    (Double(point) + 0.5) / Double(points) - 0.5
  }

  private static func value(
    _ source: UnsafeBufferPointer<Float>, _ height: Int, _ width: Int, _ at: (row: Double, column: Double)
  ) -> Float {
    guard contains(at, height, width) else { return 0 }
    let (row, column) = (
      min(max(at.row, 0), Double(height - 1)), min(max(at.column, 0), Double(width - 1))
    )
    let (top, left) = (Int(row), Int(column))
    let (y, x) = (Float(row - Double(top)), Float(column - Double(left)))
    let (bottom, right) = (min(top + 1, height - 1), min(left + 1, width - 1))
    if y == 0, x == 0 { return source[top * width + left] }
    let upper = source[top * width + left] * (1 - x) + source[top * width + right] * x
    let lower = source[bottom * width + left] * (1 - x) + source[bottom * width + right] * x
    return upper * (1 - y) + lower * y
  }

  /// Whether a point lies in some pixel.
  private static func contains(_ at: (row: Double, column: Double), _ height: Int, _ width: Int) -> Bool {
    at.row >= -0.5 && at.row <= Double(height) - 0.5 && at.column >= -0.5 && at.column <= Double(width) - 0.5
  }

  /// The target's labels: each that of the pixel in which its centre lies, 0 outside the source.
  func pick(
    _ source: UnsafeBufferPointer<UInt8>, height: Int, width: Int,
    into target: UnsafeMutableBufferPointer<UInt8>
  ) {
    for row in 0..<self.height {
      for column in 0..<self.width {
        let at = self.source(Double(row), Double(column))
        guard Self.contains(at, height, width) else {
          target[row * self.width + column] = 0
          continue
        }
        let y = min(max(Int(at.row.rounded()), 0), height - 1)
        let x = min(max(Int(at.column.rounded()), 0), width - 1)
        target[row * self.width + column] = source[y * width + x]
      }
    }
  }
}
