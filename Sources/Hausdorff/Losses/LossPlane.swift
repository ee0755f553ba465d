import CKernels

/// One channel of one item: probabilities against a true mask, with the distance maps that its terms share.
///
/// Used by one thread.
final class LossPlane {
  let truth, prediction: Mask
  let spacing: [Double]
  let distance: Distance
  private let g: Scratch<UInt8>
  private let errors: Scratch<Float>
  /// The exact scores that are terms, all of them made when the first is asked for.
  private let scoring: ScoreOptions
  private var score: Score?
  /// Distances to the nearest point of the other kind, for points outside and inside of a mask; made when first asked for.
  private var truthMap, predictionMap: Map?
  private var missedMap: Scratch<Float>?
  private(set) var kernel: ck_plane

  private struct Map {
    let values: Scratch<Float>
    var hasOutside = false, hasInside = false
  }

  /// Takes p, with q = 1 − p and the odds ln(p / q) where it was made from logits, and the gradient's place; all of it must
  /// outlive the plane.
  init(
    truth: Mask, p: UnsafePointer<Float>, q: UnsafePointer<Float>?, odds: UnsafePointer<Float>?,
    gradient: UnsafeMutablePointer<Float>?, threshold: Double, scoring: ScoreOptions
  ) throws(MaskError) {
    let count = truth.shape.reduce(1, *)
    self.truth = truth
    (self.scoring, spacing, distance) = (scoring, scoring.spacing, scoring.distance)
    let bytes = UnsafeRawBufferPointer(start: p, count: count * 4).bytes
    prediction = try Mask(shape: truth.shape, elements: bytes, type: .float32, threshold: threshold)
    g = try Scratch(count: count)
    ck_unpack(Kernels.variant, truth.words, Int64(truth.rows), Int64(truth.columns), g.start)
    errors = try Scratch(count: count)
    kernel = ck_plane(
      n: Int64(count), p: p, q: q, odds: odds, g: g.start, e: UnsafePointer(errors.start), gradient: gradient)
    ck_errors(Kernels.variant, &kernel, errors.start)
  }

  var count: Int { Int(kernel.n) }
  /// The same without a gradient.
  var withoutGradient: ck_plane {
    var plane = kernel
    plane.gradient = nil
    return plane
  }

  lazy var sums = {
    var plane = kernel
    return ck_plane_sums(Kernels.variant, &plane)
  }()

  /// Σp, over all points and over those of the truth.
  var sumOfP: Double { sums.wrong + sumInTruth }
  var sumInTruth: Double { Double(truthCount) - sums.missed }

  private(set) lazy var truthCount = truth.count
  private(set) lazy var predictionCount = prediction.count
  var truthIsEmpty: Bool { truthCount == 0 }
  var truthIsFull: Bool { truthCount == count }
  var empty: EmptySide? { EmptySide(truthIsEmpty: truthIsEmpty, predictionIsEmpty: predictionCount == 0) }

  /// Length of the grid's diagonal.
  var diagonal: Double { distance.length(zip(truth.shape, spacing).map { Double($0 - 1) * $1 }) }
  var smallestSpacing: Double { spacing.min() ?? 1 }

  var extent: ck_extent {
    let shape = truth.shape
    let isVolume = shape.count == 3
    return ck_extent(
      planes: Int64(isVolume ? shape[0] : 1), rows: Int64(shape[shape.count - 2]),
      columns: Int64(truth.columns),
      is_volume: isVolume)
  }

  /// Distances around the truth; 0 where a side was not asked for, or has no other.
  func distancesToTruth(inside: Bool) throws(MaskError) -> UnsafePointer<Float> {
    try complete(&truthMap, of: truth, inside: inside, isEmpty: truthIsEmpty, isFull: truthIsFull)
  }

  /// Distances around the thresholded prediction, on both sides.
  func distancesToPrediction() throws(MaskError) -> UnsafePointer<Float> {
    try complete(
      &predictionMap, of: prediction, inside: true, isEmpty: predictionCount == 0,
      isFull: predictionCount == count)
  }

  /// Distances of the truth's points to the thresholded prediction, 0 within it; it must not be empty.
  func distancesFromTruthToPrediction() throws(MaskError) -> UnsafePointer<Float> {
    if let missedMap { return UnsafePointer(missedMap.start) }
    let map = try zeros()
    missedMap = map
    try truth.writeDistances(to: prediction, spacing: spacing, distance: distance, into: map.start)
    return UnsafePointer(map.start)
  }

  /// An exact score of the thresholded prediction, one of those that the plane was made for.
  func value(of metric: Metric) throws(MaskError) -> Double? {
    if score == nil { score = try Score(truth: truth, prediction: prediction, options: scoring) }
    return scoring.metrics.firstIndex(of: metric).flatMap { score?.values[$0] }
  }

  private func complete(
    _ known: inout Map?, of mask: Mask, inside: Bool, isEmpty: Bool, isFull: Bool
  ) throws(MaskError) -> UnsafePointer<Float> {
    var map: Map
    if let known { map = known } else { map = Map(values: try zeros()) }
    known = map
    let (needsOutside, needsInside) = (!map.hasOutside && !isEmpty, inside && !map.hasInside && !isFull)
    if needsOutside || needsInside {
      let complement = mask.complement
      let values = map.values.start
      if needsOutside {
        try complement.writeDistances(to: mask, spacing: spacing, distance: distance, into: values)
        map.hasOutside = true
      }
      if needsInside {
        try mask.writeDistances(to: complement, spacing: spacing, distance: distance, into: values)
        map.hasInside = true
      }
      known = map
    }
    return UnsafePointer(map.values.start)
  }

  private func zeros() throws(MaskError) -> Scratch<Float> {
    try Scratch(repeating: 0, count: count + Mask.mapPadding)
  }
}
