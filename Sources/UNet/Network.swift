/// A U-Net's layers for batches of one size, with the memory that training needs.
///
/// Of a block's activations two are kept: what its convolutions gave, and what their ReLUs did. The backward pass writes
/// derivatives over them, so that it needs no memory of its own.
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
  ///   - larger: a network of the same but for a larger batch, whose memory serves this one too.
  init(
    parameters: ParameterBlock, batch: Int, height: Int, width: Int, isBfloat16: Bool, engine: Engine,
    sharing larger: Network? = nil
  ) throws(UNetError) {
    (self.batch, self.height, self.width) = (batch, height, width)
    (self.parameters, self.engine) = (parameters, engine)
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

    func convolution(
      _ name: String, from input: Convolution.End, to output: Tensor, kernel: Int,
      hasInputGradient: Bool = true
    ) throws(UNetError) -> Convolution {
      let layer = try Convolution(
        from: input, to: Convolution.End(output, engine: engine), kernel: kernel,
        parameter: "\(name).weight", of: parameters, hasInputGradient: hasInputGradient, engine: engine)
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
        _ index: Int, _ input: Convolution.End, _ output: Tensor, _ pooled: Tensor?, _ hasInputGradient: Bool
      ) throws(UNetError) -> (Convolution, Activation) {
        let x = try tensor(channels, level)
        return (
          try convolution(
            "\(name).convolution\(index)", from: input, to: x, kernel: 3, hasInputGradient: hasInputGradient),
          try Activation(
            from: x, to: output, pooled: pooled, parameters: parameters.activation(name, index),
            engine: engine)
        )
      }
      let first = try unit(1, input, between, nil, !isFirst)
      let second = try unit(2, Convolution.End(between, engine: engine), result, pooled, true)
      return Block(first: first, second: second, output: result)
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
          "encoder.\(level)", from: input, level: level, isFirst: level == 0,
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
        name, from: Convolution.End(below, engine: engine), to: corners, kernel: 1)
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

  /// Two convolutions, each with its activation, and in a decoder the transposed convolution before them.
  private struct Block {
    var up: (Convolution, Upsampling)?
    let first: (Convolution, Activation)
    let second: (Convolution, Activation)
    let output: Tensor

    func forward(isTraining: Bool) throws(UNetError) {
      if let up {
        try up.0.forward()
        up.1.forward()
      }
      try first.0.forward()
      first.1.forward(isTraining: isTraining)
      try second.0.forward()
      second.1.forward(isTraining: isTraining)
    }

    func backward() throws(UNetError) {
      second.1.backward()
      try second.0.backward()
      first.1.backward()
      try first.0.backward()
      if let up {
        up.1.backward()
        try up.0.backward()
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
