import Testing

@testable import UNet

struct PlacementTests {
  private static let values: [Float] = (0..<12).map { Float($0 * $0) }
  private static let labels: [UInt8] = (0..<12).map { UInt8($0 % 5) }

  /// A picture of 3×4 pixels, placed.
  private static func place(_ placement: Placement) -> ([Float], [UInt8]) {
    var (image, map) = (
      [Float](repeating: -1, count: placement.height * placement.width),
      [UInt8](repeating: 99, count: placement.height * placement.width)
    )
    values.withUnsafeBufferPointer { source in
      image.withUnsafeMutableBufferPointer { placement.interpolate(source, height: 3, width: 4, into: $0) }
    }
    labels.withUnsafeBufferPointer { source in
      map.withUnsafeMutableBufferPointer { placement.pick(source, height: 3, width: 4, into: $0) }
    }
    return (image, map)
  }

  @Test func `Nothing turned is the picture itself`() {
    let (image, map) = Self.place(Placement(height: 3, width: 4, ofSize: (3, 4)))
    #expect(image == Self.values && map == Self.labels)
  }

  @Test func `Flips and right angles move pixels and nothing else`() {
    var turn = Placement.Turn()
    turn.flipRows()
    let flipped = Self.place(Placement(height: 3, width: 4, ofSize: (3, 4), turn: turn))
    let expected = (0..<12).map { (2 - $0 / 4) * 4 + $0 % 4 }
    #expect(flipped.0 == expected.map { Self.values[$0] })
    #expect(flipped.1 == expected.map { Self.labels[$0] })
    for quarters in 0..<4 {
      var turn = Placement.Turn()
      turn.turn(quarters: quarters)
      let (height, width) = quarters % 2 == 0 ? (3, 4) : (4, 3)
      let turned = Self.place(Placement(height: height, width: width, around: (1, 1.5), turn: turn))
      #expect(turned.0.sorted() == Self.values.sorted(), "\(quarters)")
      #expect(
        zip(turned.0, turned.1).allSatisfy { value, label in label == UInt8(value.squareRoot()) % 5 },
        "labels go with values")
    }
    var whole = Placement.Turn()
    for _ in 0..<2 { whole.turn(quarters: 2) }
    #expect(Self.place(Placement(height: 3, width: 4, ofSize: (3, 4), turn: whole)).0 == Self.values)
  }

  @Test func `A turn by quarters is a turn by degrees`() {
    var (exact, near) = (Placement.Turn(), Placement.Turn())
    exact.turn(quarters: 1)
    near.turn(degrees: 90)
    for (a, b) in [(exact.rows, near.rows), (exact.columns, near.columns)] {
      #expect(abs(a.row - b.row) < 1e-12 && abs(a.column - b.column) < 1e-12)
    }
  }

  @Test func `Outside of the picture there is 0`() {
    let (image, map) = Self.place(Placement(height: 5, width: 6, around: (1, 1.5)))
    for row in 0..<5 {
      for column in 0..<6 {
        let isInside = (1..<4).contains(row) && (1..<5).contains(column)
        let index = (row - 1) * 4 + column - 1
        #expect(image[row * 6 + column] == (isInside ? Self.values[index] : 0))
        #expect(map[row * 6 + column] == (isInside ? Self.labels[index] : 0))
      }
    }
  }

  @Test func `Half a pixel is the mean of two, and the half of a size that of four`() {
    let shifted = Self.place(Placement(height: 1, width: 1, around: (1, 1.5))).0
    #expect(shifted == [30.5])
    let halved = Self.place(Placement(height: 1, width: 2, around: (0.5, 1.5), turn: Self.doubled)).0
    #expect(halved == [10.5, 24.5], "of 0, 1, 16, 25 and of 4, 9, 36, 49")
  }

  private static var doubled: Placement.Turn {
    var turn = Placement.Turn()
    turn.scale(rows: 2, columns: 2)
    return turn
  }

  @Test func `A constant picture stays constant in any size`() {
    for (height, width) in [(1, 1), (2, 9), (7, 3), (40, 41)] {
      var image = [Float](repeating: 0, count: height * width)
      [Float](repeating: 2.5, count: 12).withUnsafeBufferPointer { source in
        image.withUnsafeMutableBufferPointer {
          Placement(height: height, width: width, ofSize: (3, 4)).interpolate(
            source, height: 3, width: 4, into: $0)
        }
      }
      #expect(image.allSatisfy { abs($0 - 2.5) < 1e-6 }, "\(height)×\(width)")
    }
  }
}
