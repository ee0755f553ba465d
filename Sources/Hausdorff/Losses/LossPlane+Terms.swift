import CKernels
import Glibc

extension LossPlane {
  private static let variant = Kernels.variant

  /// One term's value, nil where the empty policy leaves it out; adds `scale` times its derivative to the plane's gradient,
  /// if both are there.
  func evaluate(_ kind: LossTerm.Kind, scale: Double?) throws(MaskError) -> Double? {
    let scale = kernel.gradient == nil ? nil : scale
    return switch kind {
    case .softHausdorff(let alpha, let binarize): softHausdorff(alpha, binarize, scale)
    case .softAverageHausdorff: try softAverageHausdorff(scale)
    case .hausdorffDistanceTransform(let alpha, let oneSided, _):
      try distanceTransform(alpha, oneSided, scale)
    case .hausdorffErosion(let alpha, let iterations): try erosion(alpha, iterations, scale)
    case .boundary: try boundary(scale)
    case .dice: dice(scale)
    case .crossEntropy: crossEntropy(gamma: 0, balance: nil, scale)
    case .focal(let gamma, let balance): crossEntropy(gamma: gamma, balance: balance, scale)
    case .score(let metric): try value(of: metric)
    }
  }

  /// Adds a + b·g + c·sign(p − g) to the gradient.
  private func add(_ a: Double, truth b: Double, sign c: Double = 0) {
    var plane = kernel
    ck_add_affine(Self.variant, &plane, Float(a), Float(b), Float(c))
  }

  private func softHausdorff(_ alpha: Double, _ binarize: Bool, _ scale: Double?) -> Double {
    let apart =
      binarize
      ? Double(zip(truth.words, prediction.words).reduce(0) { $0 + ($1.0 ^ $1.1).nonzeroBitCount })
      : sums.wrong + sums.missed
    if let scale, !binarize, apart > 0 { add(0, truth: 0, sign: scale * alpha * pow(apart, alpha - 1)) }
    return pow(apart, alpha)
  }

  private func softAverageHausdorff(_ scale: Double?) throws(MaskError) -> Double {
    let (count, g, missed) = (Double(count), Double(truthCount), sums.missed)
    if truthIsEmpty {
      if let scale { add(scale * diagonal / count, truth: 0) }
      return diagonal * sumOfP / count
    }
    if predictionCount == 0 {
      if let scale { add(0, truth: -scale * diagonal / g) }
      return diagonal * missed / g
    }
    var plane = kernel
    let toTruth = try distancesToTruth(inside: false)
    let toPrediction = try distancesFromTruthToPrediction()
    let p = max(sumOfP, 1e-12)
    let outward = ck_sum_weighted(Self.variant, &plane, toTruth, 0, 1, 0) / p
    let inward = ck_sum_weighted(Self.variant, &plane, toPrediction, 0, 1, 1) / g
    if let scale {
      ck_add_weighted(Self.variant, &plane, toTruth, Float(0.5 * scale / p), 0)
      ck_add_weighted(Self.variant, &plane, toPrediction, Float(-0.5 * scale / g), 1)
      add(-0.5 * scale * outward / p, truth: 0)
    }
    return 0.5 * (outward + inward)
  }

  private func distanceTransform(
    _ alpha: Double, _ oneSided: Bool, _ scale: Double?
  ) throws(MaskError) -> Double {
    var plane = scale == nil ? withoutGradient : kernel
    let toTruth = try distancesToTruth(inside: true)
    let toPrediction = oneSided ? nil : try distancesToPrediction()
    return ck_distance_transform(
      Self.variant, &plane, toTruth, toPrediction, Float(alpha), Float((scale ?? 0) / Double(count)))
      / Double(count)
  }

  private func boundary(_ scale: Double?) throws(MaskError) -> Double {
    guard !truthIsEmpty, !truthIsFull else { return 0 }
    var plane = kernel
    let map = try distancesToTruth(inside: true)
    let (count, h) = (Double(count), smallestSpacing)
    if let scale {
      ck_add_weighted(Self.variant, &plane, map, Float(scale / count), 0)
      ck_add_weighted(Self.variant, &plane, map, Float(-scale / count), 1)
      add(0, truth: scale * h / count)
    }
    let outside = ck_sum_weighted(Self.variant, &plane, map, 0, 1, 0)
    let inside = ck_sum_weighted(Self.variant, &plane, map, 1, -1, 1)
    return (outside - inside + h * sumInTruth) / count
  }

  private func dice(_ scale: Double?) -> Double {
    // 1 − (2Σpg + s) / (Σp + Σg + s) = Σ|p − g| / (Σp + Σg + s)
    let (apart, sum) = (sums.wrong + sums.missed, sumOfP + Double(truthCount) + 1e-5)
    if let scale { add(scale * (1 - apart / sum) / sum, truth: -scale * 2 / sum) }
    return apart / sum
  }

  private func erosion(_ alpha: Double, _ iterations: Int, _ scale: Double?) throws(MaskError) -> Double {
    precondition((1...Int(ck_most_erosions)).contains(iterations), "1 to \(ck_most_erosions) erosions")
    var plane = scale == nil ? withoutGradient : kernel
    var extent = extent
    let maps = scale == nil ? 2 : iterations + 2
    let scratch = try Scratch<Double>(count: maps * count + truth.columns)
    defer { scratch.keep() }
    return ck_erosion(
      Self.variant, &plane, &extent, Int32(iterations), alpha, Float((scale ?? 0) / Double(count)),
      scratch.start) / Double(count)
  }

  private func crossEntropy(gamma: Double, balance: Double?, _ scale: Double?) -> Double {
    var plane = scale == nil ? withoutGradient : kernel
    return ck_cross_entropy(
      Self.variant, &plane, Float(gamma), Float(balance ?? 1), Float(balance.map { 1 - $0 } ?? 1),
      Float((scale ?? 0) / Double(count))) / Double(count)
  }
}
