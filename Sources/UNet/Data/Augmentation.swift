import Hausdorff

/// How images are varied in training, each anew in each epoch; the labels go with them.
public struct Augmentation: Equatable, Sendable {
  /// Whether rows and columns may be reversed.
  public var flip = true
  /// Whether to turn by right angles; images that are not square by half a circle.
  public var rotate = true
  /// The largest free rotation, in degrees.
  public var degrees = 0.0
  /// The largest share by which an image grows or shrinks.
  public var scale = 0.0
  /// The largest share by which contrast changes, and the largest change of brightness, in units of normalised values.
  public var intensity = 0.0
  /// The largest standard deviation of noise, in the same units.
  public var noise = 0.0

  /// Flips and right angles.
  public init() {}

  /// None at all.
  public static var none: Augmentation {
    var none = Augmentation()
    (none.flip, none.rotate) = (false, false)
    return none
  }

  /// Refuses what has no meaning, in words that name the value at fault.
  public func validate() throws(UNetError) {
    func check(_ name: String, _ value: Double, to limit: Double) throws(UNetError) {
      guard value >= 0, value <= limit else {
        throw UNetError(.configuration, "\(name) is \(value); it goes from 0 to \(limit)")
      }
    }
    try check("degrees", degrees, to: 180)
    try check("scale", scale, to: 0.5)
    try check("intensity", intensity, to: 1)
    try check("noise", noise, to: 10)
  }

  /// A random turn of an image.
  func turn(isSquare: Bool, _ random: inout Random) -> Placement.Turn {
    var turn = Placement.Turn()
    if flip {
      if random.chance(0.5) { turn.flipRows() }
      if random.chance(0.5) { turn.flipColumns() }
    }
    if rotate { turn.turn(quarters: isSquare ? random.index(below: 4) : 2 * random.index(below: 2)) }
    if degrees > 0 { turn.turn(degrees: random.uniform(in: -degrees...degrees)) }
    if scale > 0 {
      let factor = 1 / (1 + random.uniform(in: -scale...scale))
      turn.scale(rows: factor, columns: factor)
    }
    return turn
  }

  /// Varies the values of a channel.
  func vary(_ values: UnsafeMutableBufferPointer<Float>, _ random: inout Random) {
    if intensity > 0 {
      let gain = Float(1 + random.uniform(in: -intensity...intensity))
      let shift = Float(random.uniform(in: -intensity...intensity))
      for index in values.indices { values[index] = gain * values[index] + shift }
    }
    if noise > 0 {
      let deviation = random.uniform(in: 0...noise)
      for index in values.indices { values[index] += Float(deviation * random.normal()) }
    }
  }
}
