import HTTPServer
import Hausdorff
import MaskFormats

/// A true and a predicted array and the loss between them, checked against each other.
struct LossRequest: Sendable {
  static let options = [
    "losses", "gradient", "from_logits", "activation", "background", "distance", "threshold", "spacing",
    "empty", "reduction", "convention", "layout", "ignore_orientation",
  ]

  let arrays: ArrayPair
  let function: LossFunction
  let wantsGradient: Bool
  /// Whether the answer is the gradient's bytes.
  let wantsBytes: Bool
  /// Whether y_true holds a class for each point, rather than a mask for each channel.
  private let truthIsLabels: Bool

  /// Checks arrays and options; refuses options that it does not know.
  ///
  /// - Parameter term: the loss, where it is no option.
  init(_ arrays: ArrayPair, wantsBytes: Bool, term: LossTerm? = nil) throws(RequestError) {
    var arrays = arrays
    truthIsLabels = try arrays.truthIsLabels()
    let losses = arrays.options.take("losses")
    var function = LossFunction(
      terms: try losses?.lossTerms() ?? [term ?? LossTerm(.softAverageHausdorff)],
      spacing: try arrays.takeSpacing(1e-6...1e6))
    function.activation = try LossRequest.activation(&arrays)
    function.channelsAreLast = arrays.layout.channelsAreLast
    function.includesBackground = try arrays.options.take("background")?.boolean() ?? false
    function.threshold = try arrays.options.take("threshold")?.number() ?? 0.5
    function.distance = try arrays.options.take("distance")?.choice(Distance.self) ?? .euclidean
    function.reduction = try arrays.options.take("reduction")?.choice(Reduction.self) ?? .mean
    function.empty = try arrays.options.take("empty")?.choice(EmptyPolicy.self) ?? .zero
    try arrays.takeConvention()
    let gradient = arrays.options.take("gradient")
    wantsGradient = try gradient?.boolean() ?? wantsBytes
    if let gradient, wantsBytes, !wantsGradient {
      throw RequestError(
        gradient.location, "is false, but an answer of application/octet-stream is the gradient")
    }
    try arrays.refuseRest(known: LossRequest.options)
    if wantsGradient, let losses,
      let term = function.terms.first(where: { $0.weight > 0 && !$0.isDifferentiable })
    {
      let names = LossTerm.differentiableNames.joined(separator: ", ")
      let name = if case .softHausdorff = term.kind { "\(term.name) with binarize=true" } else { term.name }
      throw RequestError(
        losses.location,
        "\(name) has no gradient; losses with one are \(names); with a weight of 0 it is only told")
    }
    let planes = arrays.batch * function.scoredChannels(of: arrays.channels).count
    guard planes <= ArrayPair.maximumValues / function.terms.count else {
      throw RequestError(
        arrays.location(.prediction),
        "holds \(planes) items and channels; with \(function.terms.count) losses at most \(ArrayPair.maximumValues / function.terms.count) can be answered at once"
      )
    }
    (self.arrays, self.function, self.wantsBytes) = (arrays, function, wantsBytes)
  }

  private static func activation(_ arrays: inout ArrayPair) throws(RequestError) -> Activation {
    let takesLogits = try arrays.options.take("from_logits")?.boolean() ?? false
    let usual: Activation = takesLogits ? arrays.channels == 1 ? .sigmoid : .softmax : .none
    guard let option = arrays.options.take("activation") else { return usual }
    let activation = try option.choice(Activation.self)
    guard takesLogits == (activation != .none) else {
      throw RequestError(
        option.location, takesLogits ? "'none' contradicts from_logits=true" : "needs from_logits=true")
    }
    guard activation != .softmax || arrays.channels > 1 else {
      throw RequestError(option.location, "'softmax' needs several channels")
    }
    return activation
  }

  /// Bytes that working on it takes, beside the arrays as they came.
  func workingBytes(workers: Int) -> Int {
    let values = arrays.batch * arrays.points * arrays.channels * MemoryLayout<Float>.size
    let copy = arrays.prediction.type == .float32 && arrays.prediction.isAligned ? 0 : values
    let gradient = wantsGradient ? values + (wantsBytes ? 0 : values * 4 / 3) : 0
    let scratch = function.scratchBytes(
      space: arrays.space, channels: arrays.channels, withGradient: wantsGradient)
    // Classes as float64 and one of them as a mask, or a channel out of several.
    let truth = arrays.channels > 1 ? 9 * arrays.points : 0
    return copy + gradient + min(workers, arrays.batch) * (scratch + truth)
  }

  /// The true masks of one item, one for each channel that counts.
  func truth(item: Int) throws(RequestError) -> [Mask] {
    let scored = function.scoredChannels(of: arrays.channels)
    guard !truthIsLabels else { return try classes(item: item, scored) }
    let start = item * arrays.channels * arrays.points
    let isLast = arrays.layout.channelsAreLast
    var masks: [Mask] = []
    for channel in scored {
      masks.append(
        try arrays.mask(
          .truth, item: item, from: start + channel * (isLast ? 1 : arrays.points),
          stride: isLast ? arrays.channels : 1, threshold: function.threshold))
    }
    return masks
  }

  private func classes(item: Int, _ scored: Range<Int>) throws(RequestError) -> [Mask] {
    let labels = arrays.truth.doubles(from: item * arrays.points, count: arrays.points)
    let channels = Double(arrays.channels)
    if let point = labels.firstIndex(where: { !($0 >= 0 && $0 < channels && $0 == $0.rounded(.down)) }) {
      let place = ArrayPair.index(of: item * arrays.points + point, in: arrays.truth.shape)
      throw RequestError(
        arrays.location(.truth),
        "holds \(labels[point]) at index \(place), which is no class: y_pred has channels 0 to \(arrays.channels - 1)"
      )
    }
    var masks: [Mask] = []
    for channel in scored {
      let label = Double(channel)
      let isClass = labels.map { $0 == label ? UInt8(1) : 0 }
      do throws(MaskError) {
        masks.append(try Mask(shape: arrays.space, elements: isClass.span.bytes, type: .uint8))
      } catch {
        throw arrays.outOfMemory(item: item)
      }
    }
    return masks
  }

  /// The error in the request's terms.
  func refusal(_ error: LossError) -> RequestError {
    let location = arrays.location(.prediction)
    switch error {
    case .unfit(let item, let channel, let point):
      let start = item * arrays.channels * arrays.points
      let isLast = arrays.layout.channelsAreLast
      let element =
        start + (isLast ? point * arrays.channels + channel : channel * arrays.points + point)
      let value = arrays.prediction.doubles(from: element, count: 1)[0]
      let place = ArrayPair.index(of: element, in: arrays.prediction.shape)
      let expected =
        function.activation == .none
        ? "not a probability from 0 to 1 (logits need from_logits=true)" : "not a finite float32"
      return RequestError(location, "holds \(value) at index \(place), which is \(expected)")
    case .overflows(let item):
      return RequestError(
        location,
        "item \(item) has a loss or derivatives beyond float32: choose a smaller alpha, weight or spacing, or fewer iterations"
      )
    case .noGradient(let term): return RequestError(location, "\(term) has no gradient")
    case .outOfMemory, .stopped:
      return RequestError(location, "needs more memory than there is now", status: 503)
    }
  }
}
