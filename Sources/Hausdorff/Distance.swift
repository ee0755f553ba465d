import CKernels

/// How the distance between two points is measured; coordinates are scaled by the spacing first.
public enum Distance: String, CaseIterable, Sendable {
  /// √Σ(sᵢΔᵢ)²
  case euclidean
  /// Σ sᵢ|Δᵢ|, also called city block or L1.
  case manhattan
  /// max sᵢ|Δᵢ|, also called chessboard or L∞.
  case chebyshev

  var kernel: ck_distance {
    switch self {
    case .euclidean: ck_euclidean
    case .manhattan: ck_manhattan
    case .chebyshev: ck_chebyshev
    }
  }

  /// The grid of a mask's points, in the kernels' terms.
  func grid(of shape: [Int], spacing: [Double]) -> ck_grid {
    let isVolume = shape.count == 3
    return ck_grid(
      planes: Int64(shape[0]), rows: isVolume ? Int64(shape[1]) : 1, columns: Int64(shape[shape.count - 1]),
      spacing: (spacing[0], spacing[isVolume ? 1 : 0], spacing[spacing.count - 1]), distance: kernel)
  }

  /// Length of the vector with these components.
  func length(_ components: [Double]) -> Double {
    switch self {
    case .euclidean: components.reduce(0) { $0 + $1 * $1 }.squareRoot()
    case .manhattan: components.reduce(0) { $0 + abs($1) }
    case .chebyshev: components.reduce(0) { max($0, abs($1)) }
    }
  }

  /// The same of a vector in a plane.
  func length(_ down: Double, _ across: Double) -> Double {
    switch self {
    case .euclidean: (down * down + across * across).squareRoot()
    case .manhattan: abs(down) + abs(across)
    case .chebyshev: max(abs(down), abs(across))
    }
  }
}
