import Dispatch
import Glibc

/// What makes probabilities of a network's output.
public enum Activation: String, CaseIterable, Sendable {
  /// Nothing: they are probabilities.
  case none
  /// Each by itself.
  case sigmoid
  /// Over the channels.
  case softmax
}

/// A weighted sum of losses, with its gradient.
///
/// A prediction is `channels` planes of float32 for an item; the truth is a mask for each channel. With several channels the
/// first is background, which is left out unless asked for. Values are sums in float64, gradients float32; both agree with
/// float64 throughout within 1e-5 of their largest magnitude.
public struct LossFunction: Sendable {
  public var terms: [LossTerm]
  /// What the prediction goes through first; gradients are by what comes before it.
  public var activation = Activation.none
  /// Predicted foreground is what is above it, for distance maps and exact scores.
  public var threshold = 0.5
  public var distance = Distance.euclidean
  /// Size of a point along each axis of space; from 1e-6 to 1e6.
  public var spacing: [Double]
  /// Whether channel 0 counts where there are several.
  public var includesBackground = false
  /// How items and channels become one value.
  public var reduction = Reduction.mean
  /// What exact scores give for empty masks.
  public var empty = EmptyPolicy.zero

  public init(terms: [LossTerm], spacing: [Double]) { (self.terms, self.spacing) = (terms, spacing) }

  /// The channels that count, of so many.
  public func scoredChannels(of channels: Int) -> Range<Int> {
    channels > 1 && !includesBackground ? 1..<channels : 0..<channels
  }

  /// The loss of a batch, and its gradient where one is wanted; on all cores.
  ///
  /// - Parameters:
  ///   - truth: a mask for each scored channel of each item, items first.
  ///   - prediction: batch × channels × points values.
  ///   - gradient: takes the derivative of the reduced loss by each of them; with `reduction=none` that of the sum.
  /// - Throws: `LossError`.
  public func evaluate(
    truth: [Mask], prediction: Span<Float>, channels: Int, gradient: inout MutableSpan<Float>
  ) throws(LossError) -> LossValue {
    try gradient.withUnsafeMutableBufferPointer { (buffer) throws(LossError) in
      try prediction.withUnsafeBufferPointer { (prediction) throws(LossError) in
        try evaluate(truth, prediction, channels, buffer.baseAddress)
      }
    }
  }

  /// The loss of a batch without a gradient.
  public func evaluate(truth: [Mask], prediction: Span<Float>, channels: Int) throws(LossError) -> LossValue {
    try prediction.withUnsafeBufferPointer { (prediction) throws(LossError) in
      try evaluate(truth, prediction, channels, nil)
    }
  }

  private func evaluate(
    _ truth: [Mask], _ prediction: UnsafeBufferPointer<Float>, _ channels: Int,
    _ gradient: UnsafeMutablePointer<Float>?
  ) throws(LossError) -> LossValue {
    let scored = scoredChannels(of: channels)
    precondition(!truth.isEmpty && truth.count % scored.count == 0, "a mask for each scored channel")
    let batch = truth.count / scored.count
    let stride = channels * truth[0].shape.reduce(1, *)
    precondition(prediction.count == batch * stride, "a prediction for each point of each channel")
    precondition(spacing.allSatisfy { (1e-6...1e6).contains($0) }, "spacing from 1e-6 to 1e6")
    if gradient != nil, let term = terms.first(where: { $0.weight > 0 && !$0.isDifferentiable }) {
      throw .noGradient(term: term.name)
    }
    func pass(scales: [Double]?) throws(LossError) -> LossValue {
      nonisolated(unsafe) let input = prediction.baseAddress!
      nonisolated(unsafe) let output = scales == nil ? nil : gradient
      nonisolated(unsafe) let results = UnsafeMutableBufferPointer<Result<[[Double]], LossError>?>.allocate(
        capacity: batch)
      results.initialize(repeating: nil)
      defer {
        results.deinitialize()
        results.deallocate()
      }
      DispatchQueue.concurrentPerform(iterations: batch) { item in
        results[item] = Result { () throws(LossError) in
          try evaluate(
            item: item, truth: truth[item * scored.count..<(item + 1) * scored.count], channels: channels,
            input: input + item * stride, gradient: output.map { $0 + item * stride }, scales: scales ?? [])
        }
      }
      var items: [[[Double]]] = []
      for result in results { items.append(try result!.get()) }
      return LossValue(of: self, items: items)
    }
    guard gradient != nil else { return try pass(scales: nil) }
    // d log(1 + L) = dL / (1 + L) needs L first.
    let logs = terms.contains(where: \.takesLog) ? try pass(scales: nil).logarithms : terms.map { _ in 1 }
    let share = reduction == .mean ? 1 / Double(truth.count) : 1
    return try pass(scales: zip(terms, logs).map { $0.weight * $1 * share })
  }
}

/// Why a loss was not computed.
public enum LossError: Error, Equatable, Sendable {
  /// A value of this item, channel and point is not a probability, or not a finite logit.
  case unfit(item: Int, channel: Int, point: Int)
  /// This term has no gradient.
  case noGradient(term: String)
  /// There is no memory for its distance maps.
  case outOfMemory
}

/// A loss and what it is made of.
public struct LossValue: Sendable {
  /// The weighted sum of the terms; nil with `reduction=none`.
  public let loss: Double?
  /// Each term over the batch, without its weight; nil with `reduction=none`.
  public let terms: [Double?]
  /// Each term of each item and scored channel, before reduction and logarithm: `items[item][term][channel]`.
  public let items: [[[Double]]]
  /// By how much the logarithm of each term shrinks its derivative; 1 without one.
  let logarithms: [Double]

  init(of function: LossFunction, items: [[[Double]]]) {
    self.items = items
    var reduced: [Double?] = []
    var logarithms: [Double] = []
    for (index, term) in function.terms.enumerated() {
      let value = function.reduction(items.lazy.flatMap { $0[index] }.map { Optional($0) })
      reduced.append(term.takesLog ? value.map { log1p($0) } : value)
      logarithms.append(term.takesLog ? 1 / (1 + (value ?? 0)) : 1)
    }
    (terms, self.logarithms) = (reduced, logarithms)
    loss =
      reduced.contains(nil) ? nil : zip(reduced, function.terms).reduce(0) { $0 + $1.1.weight * ($1.0 ?? 0) }
  }
}
