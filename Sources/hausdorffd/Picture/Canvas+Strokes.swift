/// A place on a canvas; pixel (0, 0) is the square from 0 to 1.
struct Place {
  var x, y: Double
}

extension Canvas {
  /// Draws a circle with soft edges.
  mutating func ring(_ centre: Place, radius: Double, width: Double, _ colour: Colour) {
    stroke(from: centre, to: centre, reach: radius + width / 2, width: width, colour) { x, y in
      let (dx, dy) = (x - centre.x, y - centre.y)
      return abs((dx * dx + dy * dy).squareRoot() - radius)
    }
  }

  /// Draws a straight line with soft edges and round ends.
  mutating func line(from start: Place, to end: Place, width: Double, _ colour: Colour) {
    let (dx, dy) = (end.x - start.x, end.y - start.y)
    let square = dx * dx + dy * dy
    stroke(from: start, to: end, reach: width / 2, width: width, colour) { x, y in
      let along =
        square > 0 ? max(0, min(1, ((x - start.x) * dx + (y - start.y) * dy) / square)) : 0
      let (a, b) = (x - start.x - along * dx, y - start.y - along * dy)
      return (a * a + b * b).squareRoot()
    }
  }

  /// Covers pixels within half a width of a curve, to which `distance` tells how far a place is.
  ///
  /// - Parameter reach: how far from the straight line between the two places anything is drawn.
  private mutating func stroke(
    from start: Place, to end: Place, reach: Double, width: Double, _ colour: Colour,
    distance: (Double, Double) -> Double
  ) {
    let reach = reach + 1
    let (top, bottom) = (min(start.y, end.y) - reach, max(start.y, end.y) + reach)
    for row in max(0, Int(top))..<max(0, min(height, Int(bottom) + 1)) {
      let y = Double(row) + 0.5
      // The part of the line that is near this row.
      var (low, high) = (min(start.x, end.x), max(start.x, end.x))
      if abs(end.y - start.y) > 1 {
        let ends = [y - reach, y + reach].map { edge in
          let along = max(0, min(1, (edge - start.y) / (end.y - start.y)))
          return start.x + along * (end.x - start.x)
        }
        (low, high) = (min(ends[0], ends[1]), max(ends[0], ends[1]))
      }
      for column in max(0, Int(low - reach))..<max(0, min(self.width, Int(high + reach) + 1)) {
        let share = width / 2 + 0.5 - distance(Double(column) + 0.5, y)
        cover(column, row, share, colour)
      }
    }
  }
}
