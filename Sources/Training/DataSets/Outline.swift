import Hausdorff

/// A smooth closed curve around a centre: its radius is a sum of a few harmonics of the angle.
///
/// Only arithmetic and square roots, which are the same on every machine, decide which pixel is inside.
struct Outline {
  var row: Double
  var column: Double
  private let radius: Double
  /// Of harmonics 2 to 5, those of the cosine and of the sine.
  private let coefficients: [(cosine: Double, sine: Double)]

  /// No point of the curve is farther from the centre.
  var reach: Double {
    radius * coefficients.reduce(1) { $0 + ($1.cosine * $1.cosine + $1.sine * $1.sine).squareRoot() }
  }

  /// A curve around the origin whose radius is `radius` on average.
  init(radius: Double, _ random: inout Random) {
    (row, column) = (0, 0)
    self.radius = radius
    // Long or bent first of all, as what grows is, and never so much of all that the radius comes to zero.
    coefficients = [0.22, 0.1, 0.07, 0.05].map { largest in
      (random.uniform(in: -largest...largest), random.uniform(in: -largest...largest))
    }
  }

  /// The same curve about another centre, or of another size.
  init(_ other: Outline, scaledBy factor: Double) {
    (row, column) = (other.row, other.column)
    radius = other.radius * factor
    coefficients = other.coefficients
  }

  /// How far out a point is: 0 at the centre, 1 on the curve.
  func level(row: Double, column: Double) -> Double {
    let (y, x) = (row - self.row, column - self.column)
    let distance = (x * x + y * y).squareRoot()
    guard distance > 0 else { return 0 }
    let (cosine, sine) = (x / distance, y / distance)
    var (cosines, sines) = (cosine, sine)
    var relative = 1.0
    for coefficient in coefficients {
      // From one harmonic to the next by the theorem of addition.
      (cosines, sines) = (cosines * cosine - sines * sine, sines * cosine + cosines * sine)
      relative += coefficient.cosine * cosines + coefficient.sine * sines
    }
    return distance / (radius * relative)
  }
}
