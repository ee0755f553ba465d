/// A U-Net's layers for batches of one size, with their memory.
///
/// For training, what each convolution gave is kept, and what the ReLU behind it did. The backward pass writes
/// derivatives over both, so that it needs no memory of its own. For inference alone, without normalisation and image by
/// image, convolutions add the bias and take the positive part themselves.
final class Network {
  let batch: Int
  let height: Int
  let width: Int
  let parameters: ParameterBlock
  private let engine: Engine
  private let image: ImageInput
  private var blocks: [Block] = []
  private var convolutions: [Convolution] = []
  private var head: Head!
  private let pool: BufferPool

  var architecture: Architecture { parameters.architecture }

  /// - Parameters:
  ///   - height: of an image; rows of zeros make it a multiple of `architecture.sizeMultiple`.
  ///   - width: likewise.
  ///   - isBfloat16: whether to compute in bfloat16.
  ///   - isForInference: whether only `forward` without training is called; then `batch` is 1, and there is no normalisation.
  ///   - larger: a network of the same but for a larger batch, whose memory serves this one too.
  init(
    parameters: ParameterBlock, batch: Int, height: Int, width: Int, isBfloat16: Bool,
    isForInference: Bool = false, engine: Engine, sharing larger: Network? = nil
  ) throws(UNetError) {
    (self.batch, self.height, self.width) = (batch, height, width)
    (self.parameters, self.engine) = (parameters, engine)
    engine.enter()
    let architecture = parameters.architecture
    let multiple = architecture.sizeMultiple
    func padded(_ size: Int) -> Int { (size + multiple - 1) / multiple * multiple }
    let pool = BufferPool(larger?.pool)
    self.pool = pool
    let (fullHeight, fullWidth) = (padded(height), padded(width))
    func tensor(_ channels: Int, _ level: Int) throws(UNetError) -> Tensor {
      try pool.tensor(
        batch: batch, channels: channels, height: fullHeight >> level, width: fullWidth >> level,
        isBfloat16: isBfloat16)
    }
    image = try ImageInput(
      batch: batch, channels: architecture.inChannels, height: height, width: width,
      paddedHeight: fullHeight, paddedWidth: fullWidth, pool: pool, engine: engine)

    precondition(!isForInference || batch == 1 && architecture.normalization == .none)
    let keeping = isForInference ? Convolution.Keeping.nothing : .gradients
    func convolution(
      _ name: String, from input: Convolution.End, to output: Tensor, kernel: Int,
      keeping: Convolution.Keeping, isRectified: Bool = false
    ) throws(UNetError) -> Convolution {
      let layer = try Convolution(
        from: input, to: Convolution.End(output, engine: engine), kernel: kernel,
        weights: parameters.learnt("\(name).weight"),
        rectifiedBias: isRectified ? parameters.value("\(name).bias") : nil, keeping: keeping,
        owner: parameters, engine: engine)
      convolutions.append(layer)
      return layer
    }
    func block(
      _ name: String, from input: Convolution.End, level: Int, isFirst: Bool = false,
      to output: Tensor? = nil,
      pooled: Tensor? = nil
    ) throws(UNetError) -> Block {
      let channels = architecture.channels(ofBlock: level)
      let between = try tensor(channels, level)
      let result = if let output { output } else { try tensor(channels, level) }
      func unit(
        _ index: Int, _ input: Convolution.End, _ output: Tensor, _ pooled: Tensor?,
        _ keeping: Convolution.Keeping
      ) throws(UNetError) -> Unit {
        let x = isForInference ? output : try tensor(channels, level)
        let convolution = try convolution(
          "\(name).convolution\(index)", from: input, to: x, kernel: 3, keeping: keeping,
          isRectified: isForInference)
        guard !isForInference || pooled != nil else { return Unit(convolution: convolution) }
        return Unit(
          convolution: convolution,
          activation: try Activation(
            from: x, to: output, pooled: pooled,
            parameters: isForInference ? .none : parameters.activation(name, index), engine: engine))
      }
      let isImage = level == 0 && input.isAnyLayout
      return Block(
        first: try unit(1, input, between, nil, isImage && !isForInference ? .weightGradient : keeping),
        second: try unit(2, Convolution.End(between, engine: engine), result, pooled, keeping), output: result
      )
    }

    let levels = architecture.levels
    // All transposed convolutions take turns in the memory of the largest.
    let cornerBuffer = try tensor(Tensor.roundedUp(architecture.baseChannels), 0).buffer
    var input = image.end
    var joined: [Tensor] = []
    for level in 0..<levels {
      let channels = Tensor.roundedUp(architecture.channels(ofBlock: level))
      let join = try tensor(2 * channels, level)
      let pooled = try tensor(channels, level + 1)
      blocks.append(
        try block(
          "encoder.\(level)", from: input, level: level,
          to: Tensor(join, blocks: 0..<join.blocks / 2), pooled: pooled))
      joined.append(join)
      input = try Convolution.End(pooled, engine: engine)
    }
    blocks.append(try block("bottleneck", from: input, level: levels))
    for level in (0..<levels).reversed() {
      let (join, below) = (joined[level], blocks.last!.output)
      let up = Tensor(join, blocks: join.blocks / 2..<join.blocks)
      let corners = Tensor(
        cornerBuffer, batch: batch, channels: 4 * up.channels, height: below.height, width: below.width,
        element: up.element)
      let name = "decoder.\(level).up"
      let widening = try convolution(
        name, from: Convolution.End(below, engine: engine), to: corners, kernel: 1,
        keeping: keeping)
      var decoder = try block("decoder.\(level)", from: Convolution.End(join, engine: engine), level: level)
      decoder.up = (
        widening,
        try Upsampling(from: corners, to: up, bias: parameters.learnt("\(name).bias"), engine: engine)
      )
      blocks.append(decoder)
    }
    head = try Head(
      from: blocks.last!.output, height: height, width: width, classes: architecture.classes,
      weights: parameters.learnt("head.weight"), bias: parameters.learnt("head.bias"), engine: engine)
  }

  /// A convolution with what is behind it.
  private struct Unit {
    let convolution: Convolution
    var activation: Activation?

    func forward(isTraining: Bool) throws(UNetError) {
      try convolution.forward()
      activation?.forward(isTraining: isTraining)
    }

    func backward() throws(UNetError) {
      activation?.backward()
      try convolution.backward()
    }
  }

  /// Two convolutions, and in a decoder the transposed convolution before them.
  private struct Block {
    var up: (widening: Convolution, placing: Upsampling)?
    let first: Unit
    let second: Unit
    let output: Tensor

    func forward(isTraining: Bool) throws(UNetError) {
      if let up {
        try up.widening.forward()
        up.placing.forward()
      }
      try first.forward(isTraining: isTraining)
      try second.forward(isTraining: isTraining)
    }

    func backward() throws(UNetError) {
      try second.backward()
      try first.backward()
      if let up {
        up.placing.backward()
        try up.widening.backward()
      }
    }
  }

  /// Takes parameters that have changed.
  func loadWeights() throws(UNetError) {
    engine.enter()
    for convolution in convolutions { try convolution.loadWeights() }
  }

  /// - Parameters:
  ///   - images: (batch, in_channels, height, width).
  ///   - logits: takes (batch, classes, height, width).
  ///   - dropout: in training, the seed of what is dropped.
  func forward(
    images: UnsafePointer<Float>, logits: UnsafeMutablePointer<Float>, isTraining: Bool, dropout: UInt64 = 0
  ) throws(UNetError) {
    engine.enter()
    image.take(images)
    for (index, block) in blocks.enumerated() {
      try block.forward(isTraining: isTraining)
      if isTraining, index == architecture.levels { drop(seed: dropout) }
    }
    head.forward(logits: logits)
  }

  /// Makes `parameters.gradients` of the derivatives by the logits of the last forward pass, which was in training.
  func backward(gradient: UnsafePointer<Float>, dropout: UInt64 = 0) throws(UNetError) {
    engine.enter()
    head.backward(gradient: gradient)
    for (index, block) in blocks.enumerated().reversed() {
      if index == architecture.levels { drop(seed: dropout) }
      try block.backward()
    }
  }

  /// Drops values of the bottleneck, or the derivatives by them.
  private func drop(seed: UInt64) {
    guard architecture.dropout > 0 else { return }
    blocks[architecture.levels].output.drop(rate: architecture.dropout, seed: seed, engine: engine)
  }
}
