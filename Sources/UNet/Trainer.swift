public import Hausdorff

/// A U-Net in training: parameters, optimiser, and the layers for batches of one image size.
///
/// Used by one thread at a time; its work is spread over `threads`. For the same weights, batches and number of threads it
/// computes the same bits.
public final class Trainer {
  /// What does not change while training.
  public struct Options: Equatable, Sendable {
    /// Most images of a batch.
    public var batchSize = 8
    public var height: Int
    public var width: Int
    public var precision = Precision.auto
    public var optimizer = Optimizer()
    /// Threads to compute on.
    public var threads: Int

    public init(height: Int, width: Int, threads: Int) {
      (self.height, self.width, self.threads) = (height, width, threads)
    }
  }

  public let architecture: Architecture
  public let options: Options
  /// What `options.precision` came to: f32 or bf16.
  public let precision: Precision
  private let engine: Engine
  let parameters: ParameterBlock
  let state: OptimizerState
  private var networks: [Int: Network] = [:]
  private let largest: Network
  private let logits: UnsafeMutableBufferPointer<Float>
  private let gradient: UnsafeMutableBufferPointer<Float>
  /// Whether the layers have the parameters as they are now.
  private var loaded: ObjectIdentifier?

  /// - Throws: `UNetError` for an architecture that cannot be built, `bf16` where the processor has none, and where memory
  ///   does not suffice.
  public init(weights: Weights, options: Options) throws(UNetError) {
    architecture = weights.architecture
    try architecture.validate()
    self.options = options
    precision = try Engine.resolve(options.precision)
    engine = try Engine(threads: options.threads)
    parameters = try ParameterBlock(architecture)
    parameters.load(weights)
    state = try OptimizerState(options.optimizer, of: parameters, engine: engine)
    largest = try Network(
      parameters: parameters, batch: options.batchSize, height: options.height, width: options.width,
      isBfloat16: precision == .bf16, engine: engine)
    networks[options.batchSize] = largest
    let count = options.batchSize * architecture.classes * options.height * options.width
    logits = .allocate(capacity: count)
    gradient = .allocate(capacity: count)
  }

  deinit {
    logits.deallocate()
    gradient.deallocate()
  }

  /// The layers for so many images; those of fewer than a batch share its memory.
  private func network(batch: Int) throws(UNetError) -> Network {
    precondition((1...options.batchSize).contains(batch), "no more images than a batch")
    if let network = networks[batch] { return network }
    let network = try Network(
      parameters: parameters, batch: batch, height: options.height, width: options.width,
      isBfloat16: precision == .bf16, engine: engine, sharing: largest)
    networks[batch] = network
    return network
  }

  private func ready(batch: Int) throws(UNetError) -> Network {
    let network = try network(batch: batch)
    if loaded != ObjectIdentifier(network) {
      try network.loadWeights()
      loaded = ObjectIdentifier(network)
    }
    return network
  }

  /// Wall-clock time that oneDNN's convolutions have taken so far.
  public var convolutionSeconds: Double { engine.convolutionSeconds }

  /// The present parameters.
  public var weights: Weights { parameters.weights }

  /// One step of the optimiser.
  ///
  /// - Parameters:
  ///   - images: (batch, in_channels, height, width), of no more images than a batch.
  ///   - labels: (batch, height, width): 0 or 1, or with several classes their numbers.
  ///   - loss: with `activation` as `Trainer.activation(of:)` says.
  ///   - rate: the learning rate.
  ///   - dropout: the seed of what is dropped.
  ///   - weighing: if given, gets the terms of `loss` for this batch, and gives the loss to follow in its place.
  /// - Returns: the loss before the step.
  /// - Throws: `UNetError.notFinite`, with the parameters as they were, where logits, loss or gradient are not finite.
  public func step(
    images: UnsafeBufferPointer<Float>, labels: UnsafeBufferPointer<UInt8>, loss: LossFunction, rate: Double,
    dropout: UInt64 = 0, weighing: (([Double?]) -> LossFunction)? = nil
  ) throws(UNetError) -> LossValue {
    let value = try derive(
      images: images, labels: labels, loss: loss, dropout: dropout, weighing: weighing)
    guard state.move(rate: rate).isFinite else {
      throw UNetError(.notFinite, "the gradient of \(parameters.firstNotFinite) is not finite")
    }
    loaded = nil
    return value
  }

  /// The loss, with its derivatives in `parameters.gradients`.
  func derive(
    images: UnsafeBufferPointer<Float>, labels: UnsafeBufferPointer<UInt8>, loss: LossFunction,
    dropout: UInt64, weighing: (([Double?]) -> LossFunction)? = nil
  ) throws(UNetError) -> LossValue {
    let batch = labels.count / (options.height * options.width)
    let network = try ready(batch: batch)
    try network.forward(
      images: images.baseAddress!, logits: logits.baseAddress!, isTraining: true, dropout: dropout)
    var loss = loss
    if let weighing { loss = weighing(try evaluate(loss, labels, batch, withGradient: false).terms) }
    let value = try evaluate(loss, labels, batch, withGradient: true)
    guard let total = value.loss, total.isFinite else {
      throw UNetError(.notFinite, "the loss is not finite: \(Self.description(of: value, loss))")
    }
    try network.backward(gradient: gradient.baseAddress!, dropout: dropout)
    return value
  }

  /// The logits of the last pass, which was of so many images.
  func lastLogits(batch: Int) -> UnsafeBufferPointer<Float> {
    UnsafeBufferPointer(rebasing: logits[..<(logits.count / options.batchSize * batch)])
  }

  /// Logits of images, with running statistics and without dropout, for as long as `body` runs.
  ///
  /// - Parameter body: gets (batch, classes, height, width).
  public func withLogits<Result>(
    images: UnsafeBufferPointer<Float>, batch: Int,
    _ body: (UnsafeBufferPointer<Float>) throws(UNetError) -> Result
  ) throws(UNetError) -> Result {
    let network = try ready(batch: batch)
    try network.forward(images: images.baseAddress!, logits: logits.baseAddress!, isTraining: false)
    return try body(lastLogits(batch: batch))
  }

  /// What makes probabilities of logits of so many classes.
  public static func activation(of classes: Int) -> Hausdorff.Activation {
    classes == 1 ? .sigmoid : .softmax
  }

  /// The loss of the logits, and perhaps `gradient`.
  private func evaluate(
    _ loss: LossFunction, _ labels: UnsafeBufferPointer<UInt8>, _ batch: Int, withGradient: Bool
  ) throws(UNetError) -> LossValue {
    let truth = LabelMasks(
      labels, height: options.height, width: options.width,
      classes: loss.scoredChannels(of: architecture.classes), isBinary: architecture.classes == 1)
    let count = logits.count / options.batchSize * batch
    let perform: LossFunction.Perform = { [engine] count, each in engine.perform(count, each) }
    do throws(LossError) {
      let prediction = lastLogits(batch: batch).span
      guard withGradient else {
        return try loss.evaluate(
          batch: batch, truth: truth.masks, prediction: prediction, channels: architecture.classes,
          perform: perform)
      }
      var slopes = UnsafeMutableBufferPointer(rebasing: gradient[..<count]).mutableSpan
      return try loss.evaluate(
        batch: batch, truth: truth.masks, prediction: prediction, channels: architecture.classes,
        gradient: &slopes, perform: perform)
    } catch {
      throw UNetError(error)
    }
  }

  private static func description(of value: LossValue, _ loss: LossFunction) -> String {
    zip(loss.terms, value.terms).map { "\($0.name) is \($1.map { "\($0)" } ?? "undefined")" }
      .joined(separator: ", ")
  }
}

extension UNetError {
  init(_ error: LossError) {
    switch error {
    case .unfit(let item, let channel, let point):
      self.init(
        .notFinite, "logit \(point) of class \(channel) of image \(item) of the batch is not finite")
    case .overflows(let item):
      self.init(.notFinite, "the loss of image \(item) of the batch, or its gradient, is beyond float32")
    case .noGradient(let term): self.init(.configuration, "\(term) has no gradient")
    case .outOfMemory: self.init(.system, "out of memory for distance maps")
    case .stopped: preconditionFailure("every item is worked on")
    }
  }
}
