/// Two masks of a plane laid over each other: which of them has a point, and of the points that only one has, how far they
/// are from the other.
public struct DisagreementMap: Sendable {
  /// The point that is farthest from the other mask.
  public struct Worst: Sendable, Equatable {
    /// Where it is.
    public let row, column: Int
    /// The nearest point of the other mask, the first of several.
    public let nearestRow, nearestColumn: Int
    /// How far apart the two are, in the unit of the spacing.
    public let distance: Double
    /// Whether it is a point of the predicted mask.
    public let isPredicted: Bool
  }

  /// The bit of `points` for the true mask.
  public static let truth: UInt8 = 1
  /// The bit of `points` for the predicted mask.
  public static let prediction: UInt8 = 2

  /// Points along each axis, `[H, W]`.
  public let shape: [Int]
  /// Which masks have a point, in C order.
  public let points: [UInt8]
  /// The distance of a point that only one mask has, from 1 to 255 in proportion to the greatest there is; 0 for all others,
  /// and where a mask is empty.
  public let levels: [UInt8]
  /// Which mask has no foreground.
  public let empty: EmptySide?
  /// Nil where the masks are equal, and where one is empty.
  public let worst: Worst?

  /// Measures every point that only one mask has, in time linear in the grid's points.
  ///
  /// - Precondition: the masks have one shape of two axes, and `spacing` a positive number for each.
  /// - Throws: `MaskError.outOfMemory`.
  public init(truth: Mask, prediction: Mask, spacing: [Double], distance: Distance) throws(MaskError) {
    precondition(truth.shape.count == 2 && truth.shape == prediction.shape && spacing.count == 2)
    shape = truth.shape
    let points = Self.points(truth, prediction)
    self.points = points
    empty = EmptySide(truthIsEmpty: truth.count == 0, predictionIsEmpty: prediction.count == 0)
    guard empty == nil, truth != prediction else {
      (levels, worst) = ([UInt8](repeating: 0, count: points.count), nil)
      return
    }
    // Distances in float32 stay within its range whatever the unit is.
    let unit = spacing.max()!
    let scaled = spacing.map { $0 / unit }
    let map = try Scratch<Float>(repeating: 0, count: points.count + Mask.mapPadding)
    defer { map.keep() }
    try truth.writeDistances(to: prediction, spacing: scaled, distance: distance, into: map.start)
    try prediction.writeDistances(to: truth, spacing: scaled, distance: distance, into: map.start)
    var farthest = points.firstIndex { $0 == Self.truth || $0 == Self.prediction }!
    for (index, point) in points.enumerated() where point == Self.truth || point == Self.prediction {
      if map.start[index] > map.start[farthest] { farthest = index }
    }
    let greatest = map.start[farthest]
    levels = points.indices.map { index in
      guard points[index] == Self.truth || points[index] == Self.prediction else { return 0 }
      return greatest > 0 ? 1 + UInt8((254 * map.start[index] / greatest).rounded()) : 1
    }
    worst = Self.worst(at: farthest, points, columns: shape[1], spacing, distance)
  }

  private static func points(_ truth: Mask, _ prediction: Mask) -> [UInt8] {
    var points: [UInt8] = []
    points.reserveCapacity(truth.rows * truth.columns)
    for row in 0..<truth.rows {
      let start = row * truth.wordsPerRow
      for column in 0..<truth.columns {
        let (word, bit) = (start + column >> 6, UInt64(column & 63))
        let both = (truth.words[word] >> bit & 1, prediction.words[word] >> bit & 1)
        points.append(UInt8(truncatingIfNeeded: both.0 | both.1 << 1))
      }
    }
    return points
  }

  /// Looks for the nearest point of the mask that lacks the point at `index`.
  private static func worst(
    at index: Int, _ points: [UInt8], columns: Int, _ spacing: [Double], _ distance: Distance
  ) -> Worst {
    let (row, column) = index.quotientAndRemainder(dividingBy: columns)
    let isPredicted = points[index] == prediction
    let other = isPredicted ? truth : prediction
    var (best, least) = (index, Double.infinity)
    for (place, point) in points.enumerated() where point & other != 0 {
      let (down, across) = (Double(place / columns - row), Double(place % columns - column))
      let length = distance.length(down * spacing[0], across * spacing[1])
      if length < least { (best, least) = (place, length) }
    }
    return Worst(
      row: row, column: column, nearestRow: best / columns, nearestColumn: best % columns, distance: least,
      isPredicted: isPredicted)
  }
}
