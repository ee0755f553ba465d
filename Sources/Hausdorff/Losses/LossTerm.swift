/// One term of a loss: what is computed of each item and channel, and its weight in the sum.
public struct LossTerm: Sendable, Equatable {
  /// The formula, over a plane's N probabilities p and true values g of 0 or 1.
  ///
  /// Distance maps are constants in the gradient. Distances are in the unit of the spacing.
  public enum Kind: Sendable, Equatable {
    /// (Σ|g − p|)^α; `binarize` thresholds p first, and there is no gradient then.
    case softHausdorff(alpha: Double = 2, binarize: Bool = false)
    /// ½[Σp·d_T / Σp + Σg(1 − p)·d_P / Σg], with d_T the distance to the truth and d_P the one to the thresholded
    /// prediction P. On binary p it is `average_hausdorff` under `empty=diagonal`: the diagonal · Σg(1 − p) / Σg where P is
    /// empty, the diagonal · mean(p) where the truth is.
    case softAverageHausdorff
    /// mean of (p − g)²(D_P^α + D_T^α), D the distance to the nearest point of the other kind, 0 where there is none
    /// (Karimi & Salcudean 2019). `oneSided` leaves out D_P; `log` takes log(1 + L) of the reduced loss L.
    case hausdorffDistanceTransform(alpha: Double = 2, oneSided: Bool = false, log: Bool = false)
    /// mean of Σₖ b_k·k^α, b the error after k erosions, 1 to 64 of them (Karimi & Salcudean 2019); spacing does not enter.
    case hausdorffErosion(alpha: Double = 2, iterations: Int = 10)
    /// mean of p·φ, φ the distance to the truth, inside less than 0 by the distance to its outside less the smallest
    /// spacing; 0 where the truth is empty or full (Kervadec et al. 2019).
    case boundary
    /// 1 − (2Σpg + s) / (Σp + Σg + s), s = 1e-5.
    case dice
    /// mean of −ln pₜ, pₜ = p where g is 1 and 1 − p elsewhere; from probabilities clamped to 1e-7…1 − 1e-7.
    case crossEntropy
    /// mean of −w(1 − pₜ)^γ·ln pₜ, w = `balance` where g is 1 and 1 − `balance` elsewhere, 1 without one.
    case focal(gamma: Double = 2, balance: Double? = nil)
    /// An exact score, which has no gradient.
    case score(Metric)
  }

  public var kind: Kind
  /// Not negative.
  public var weight: Double

  public init(_ kind: Kind, weight: Double = 1) { (self.kind, self.weight) = (kind, weight) }

  /// Names of the differentiable terms.
  public static let differentiableNames = [
    "soft_hausdorff", "soft_average_hausdorff", "hausdorff_dt", "hausdorff_er", "boundary", "dice_loss",
    "bce", "focal",
  ]

  /// The name, such as `hausdorff_dt`.
  public var name: String {
    switch kind {
    case .softHausdorff: "soft_hausdorff"
    case .softAverageHausdorff: "soft_average_hausdorff"
    case .hausdorffDistanceTransform: "hausdorff_dt"
    case .hausdorffErosion: "hausdorff_er"
    case .boundary: "boundary"
    case .dice: "dice_loss"
    case .crossEntropy: "bce"
    case .focal: "focal"
    case .score(let metric): metric.name
    }
  }

  /// Whether there is a gradient.
  public var isDifferentiable: Bool {
    switch kind {
    case .score, .softHausdorff(_, binarize: true): false
    default: true
    }
  }

  /// Whether its kernel takes the derivative by ln(p / (1 − p)), where p comes from logits.
  var isOfLogits: Bool {
    switch kind {
    case .crossEntropy, .focal: true
    default: false
    }
  }

  /// Whether log(1 + L) is taken of the reduced value.
  var takesLog: Bool {
    if case .hausdorffDistanceTransform(_, _, log: true) = kind { true } else { false }
  }
}
