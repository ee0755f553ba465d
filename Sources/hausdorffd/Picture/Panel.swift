import Hausdorff

/// The part of a canvas where masks are drawn.
struct Panel {
  let shape: [Int]
  let scale: PictureScale
  /// Its corner at the top left.
  let column, row: Int

  private var columns: Range<Int> { column..<column + shape[1] * scale.across }
  private var rows: Range<Int> { row..<row + shape[0] * scale.down }

  /// Draws a thin frame around it.
  func drawFrame(on canvas: inout Canvas) {
    let width = max(1, scale.unit / 2)
    canvas.fill(
      columns.lowerBound - width..<columns.upperBound + width,
      rows.lowerBound - width..<rows.upperBound + width,
      Palette.frame)
  }

  /// Draws all points, each in the colour that belongs to its index.
  func fill(on canvas: inout Canvas, _ colour: (Int) -> Colour) {
    for y in 0..<shape[0] {
      let line = (0..<shape[1]).map { colour(y * shape[1] + $0) }
      let top = row + y * scale.down
      canvas.putLine(line, scale: scale.across, at: column, rows: top..<top + scale.down)
    }
  }

  /// Draws along the edges between points that have a bit and others.
  ///
  /// - Parameter isInside: on which side.
  func outline(
    _ points: [UInt8], _ bit: UInt8, isInside: Bool, _ colour: Colour, on canvas: inout Canvas
  ) {
    let (height, width) = (shape[0], shape[1])
    func has(_ y: Int, _ x: Int) -> Bool {
      y >= 0 && y < height && x >= 0 && x < width && points[y * width + x] & bit != 0
    }
    let stroke = scale.stroke
    for y in 0..<height {
      for x in 0..<width where points[y * width + x] & bit != 0 {
        let (up, below, left, right) = (has(y - 1, x), has(y + 1, x), has(y, x - 1), has(y, x + 1))
        let (x0, y0) = (column + x * scale.across, row + y * scale.down)
        let (x1, y1) = (x0 + scale.across, y0 + scale.down)
        if isInside {
          if !up { canvas.fill(x0..<x1, y0..<y0 + stroke, colour) }
          if !below { canvas.fill(x0..<x1, y1 - stroke..<y1, colour) }
          if !left { canvas.fill(x0..<x0 + stroke, y0..<y1, colour) }
          if !right { canvas.fill(x1 - stroke..<x1, y0..<y1, colour) }
          // Where the outline turns around a point that is outside, its two lines meet in the corner next to that.
          for (isUp, isLeft) in [(true, true), (true, false), (false, true), (false, false)]
          where (isUp ? up : below) && (isLeft ? left : right)
            && !has(isUp ? y - 1 : y + 1, isLeft ? x - 1 : x + 1)
          {
            canvas.fill(
              isLeft ? x0..<x0 + stroke : x1 - stroke..<x1, isUp ? y0..<y0 + stroke : y1 - stroke..<y1, colour
            )
          }
        } else {
          let ends = (left ? x0 : x0 - stroke)..<(right ? x1 : x1 + stroke)
          if !up { canvas.fill(ends, y0 - stroke..<y0, colour) }
          if !below { canvas.fill(ends, y1..<y1 + stroke, colour) }
          if !left { canvas.fill(x0 - stroke..<x0, y0..<y1, colour) }
          if !right { canvas.fill(x1..<x1 + stroke, y0..<y1, colour) }
        }
      }
    }
  }

  /// Draws a ring around the worst point, and a line from there to the nearest point of the other mask.
  func mark(_ worst: DisagreementMap.Worst, on canvas: inout Canvas) {
    let unit = Double(scale.unit)
    let start = centre(worst.row, worst.column)
    let end = centre(worst.nearestRow, worst.nearestColumn)
    let radius = max(4.5 * unit, 0.75 * Double(max(scale.down, scale.across)))
    // The line begins at the ring.
    let (dx, dy) = (end.x - start.x, end.y - start.y)
    let length = (dx * dx + dy * dy).squareRoot()
    let share = min(1, radius / length)
    let edge = Place(x: start.x + share * dx, y: start.y + share * dy)
    // White around black is seen on every colour.
    for (extra, colour) in [(1.5 * unit, Palette.paper), (0, Palette.ink)] {
      if length > 1.5 * radius { canvas.line(from: edge, to: end, width: 0.75 * unit + extra, colour) }
      canvas.ring(start, radius: radius, width: 1.25 * unit + extra, colour)
    }
  }

  private func centre(_ y: Int, _ x: Int) -> Place {
    Place(
      x: Double(column) + (Double(x) + 0.5) * Double(scale.across),
      y: Double(row) + (Double(y) + 0.5) * Double(scale.down))
  }
}
