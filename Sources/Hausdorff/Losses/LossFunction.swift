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
/// A prediction is float32 values of some channels for each item; the truth is a mask for each channel. With several
/// channels the first is background, which is left out unless asked for. Values are sums in float64, gradients float32; both agree with
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
  /// Whether an item is points × channels values, rather than channels × points.
  public var channelsAreLast = false
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

  /// Calls a closure with 0..<count, in any order and on any threads, and returns behind the last call.
  public typealias Perform = (_ count: Int, _ each: @escaping @Sendable (Int) -> Void) -> Void

  /// On all cores.
  public static let concurrently: @Sendable (Int, @escaping @Sendable (Int) -> Void) -> Void = {
    count, each in
    DispatchQueue.concurrentPerform(iterations: count, execute: each)
  }

  /// Gives the true masks of an item, one for each scored channel.
  public typealias Truth = @Sendable (_ item: Int) throws(LossError) -> [Mask]

  /// The loss of a batch, and its gradient.
  ///
  /// - Parameters:
  ///   - batch: the number of items.
  ///   - truth: the true masks of each of them; called where the item is worked on, once or twice.
  ///   - prediction: batch × channels × points values, or batch × points × channels.
  ///   - gradient: takes the derivative of the reduced loss by each of them; with `reduction=none` each item's derivatives
  ///     are of the sum of its own channels.
  ///   - perform: works on the items; where it leaves one out, `LossError.stopped` is thrown.
  /// - Throws: `LossError`.
  public func evaluate(
    batch: Int, truth: @escaping Truth, prediction: Span<Float>, channels: Int,
    gradient: inout MutableSpan<Float>, perform: Perform = LossFunction.concurrently
  ) throws(LossError) -> LossValue {
    try gradient.withUnsafeMutableBufferPointer { (buffer) throws(LossError) in
      try prediction.withUnsafeBufferPointer { (prediction) throws(LossError) in
        precondition(buffer.count == prediction.count, "a derivative for each prediction")
        return try evaluate(batch, truth, prediction, channels, buffer.baseAddress, perform)
      }
    }
  }

  /// The loss of a batch without a gradient.
  public func evaluate(
    batch: Int, truth: @escaping Truth, prediction: Span<Float>, channels: Int,
    perform: Perform = LossFunction.concurrently
  ) throws(LossError) -> LossValue {
    try prediction.withUnsafeBufferPointer { (prediction) throws(LossError) in
      try evaluate(batch, truth, prediction, channels, nil, perform)
    }
  }

  private func evaluate(
    _ batch: Int, _ truth: @escaping Truth, _ prediction: UnsafeBufferPointer<Float>, _ channels: Int,
    _ gradient: UnsafeMutablePointer<Float>?, _ perform: Perform
  ) throws(LossError) -> LossValue {
    precondition(batch > 0 && prediction.count % (batch * channels) == 0, "as many values for each channel")
    let stride = prediction.count / batch
    let planes = batch * scoredChannels(of: channels).count
    precondition(spacing.allSatisfy { (1e-6...1e6).contains($0) }, "spacing from 1e-6 to 1e6")
    if gradient != nil, let term = terms.first(where: { $0.weight > 0 && !$0.isDifferentiable }) {
      throw .noGradient(term: term.name)
    }
    func pass(_ scales: [Double?], withGradient: Bool) throws(LossError) -> LossValue {
      nonisolated(unsafe) let input = prediction.baseAddress!
      nonisolated(unsafe) let output = withGradient ? gradient : nil
      nonisolated(unsafe) let results = UnsafeMutableBufferPointer<Result<[LossValue.Item], LossError>?>
        .allocate(capacity: batch)
      results.initialize(repeating: nil)
      defer {
        results.deinitialize()
        results.deallocate()
      }
      let hasFailed = Flag()
      perform(batch) { item in
        guard !hasFailed.isSet else { return }
        results[item] = Result { () throws(LossError) in
          try evaluate(
            item: item, truth: try truth(item), channels: channels, points: stride / channels,
            input: input + item * stride, gradient: output.map { $0 + item * stride }, scales: scales)
        }
        if case .failure = results[item] { hasFailed.set() }
      }
      if hasFailed.isSet { for case .failure(let error) in results { throw error } }
      var items: [LossValue.Item] = []
      items.reserveCapacity(planes)
      for result in results {
        guard let result else { throw .stopped }
        items += try result.get()
      }
      return LossValue(of: self, items: items)
    }
    let share = reduction == .mean ? 1 / Double(planes) : 1
    var scales = terms.map { $0.weight > 0 ? $0.weight * share : nil }
    guard gradient != nil else { return try pass(scales, withGradient: false) }
    // d log(1 + L) = dL / (1 + L) needs L first, and has it as log(1 + L).
    if reduction != .none, terms.contains(where: \.takesLog) {
      var logarithms = self
      logarithms.terms = terms.filter(\.takesLog)
      let value = try logarithms.evaluate(batch, truth, prediction, channels, nil, perform)
      for (index, log) in zip(terms.indices.filter { terms[$0].takesLog }, value.terms) {
        scales[index] = scales[index].map { $0 / exp(log ?? 0) }
      }
    }
    return try pass(scales, withGradient: true)
  }
}

extension LossFunction {
  /// The loss of a batch, and its gradient: as above, with a mask for each scored channel of each item, items first.
  public func evaluate(
    truth: [Mask], prediction: Span<Float>, channels: Int, gradient: inout MutableSpan<Float>
  ) throws(LossError) -> LossValue {
    let count = scoredChannels(of: channels).count
    return try evaluate(
      batch: truth.count / count, truth: { item in Array(truth[item * count..<(item + 1) * count]) },
      prediction: prediction, channels: channels, gradient: &gradient)
  }

  /// The loss of a batch without a gradient.
  public func evaluate(truth: [Mask], prediction: Span<Float>, channels: Int) throws(LossError) -> LossValue {
    let count = scoredChannels(of: channels).count
    return try evaluate(
      batch: truth.count / count, truth: { item in Array(truth[item * count..<(item + 1) * count]) },
      prediction: prediction, channels: channels)
  }
}

/// Why a loss was not computed.
public enum LossError: Error, Equatable, Sendable {
  /// A value of this item, channel and point is not a probability, or not a finite logit.
  case unfit(item: Int, channel: Int, point: Int)
  /// This term has no gradient.
  case noGradient(term: String)
  /// A value or derivative of this item is beyond float32.
  case overflows(item: Int)
  /// There is no memory for its distance maps.
  case outOfMemory
  /// Not every item was worked on.
  case stopped
}
