import CDNNL

extension ParameterBlock {
  /// The numbers of a parameter, and where the derivatives by them go.
  func learnt(_ name: String) -> Activation.Learnt {
    Activation.Learnt(value: value(name), gradient: gradient(name))
  }

  /// What is learnt behind a block's first or second convolution.
  func activation(_ block: String, _ index: Int) -> Activation.Parameters {
    guard architecture.normalization == .batch else {
      return .bias(learnt("\(block).convolution\(index).bias"))
    }
    let name = "\(block).normalization\(index)"
    return .normalization(
      scale: learnt("\(name).weight"), shift: learnt("\(name).bias"), mean: value("\(name).running_mean"),
      variance: value("\(name).running_var"))
  }
}

extension Convolution.End {
  /// All of a tensor.
  init(_ tensor: Tensor, engine: Engine) throws(UNetError) {
    self.init(dimensions: tensor.dimensions, memory: try Memory(tensor, engine: engine))
  }
}

extension Convolution {
  /// With float32 weights of (out, in, kernel, kernel), and if given a bias for each output channel and a ReLU.
  convenience init(
    from input: End, to output: End, kernel: Int, weights: Activation.Learnt,
    rectifiedBias: UnsafeMutablePointer<Float>? = nil, keeping: Keeping, owner: AnyObject? = nil,
    engine: Engine
  ) throws(UNetError) {
    let layout = try dnnl_memory_desc_t(
      [output.dimensions[1], input.dimensions[1], kernel, kernel], dnnl_f32, dnnl_oihw)
    let biasLayout = try dnnl_memory_desc_t([output.dimensions[1]], dnnl_f32, dnnl_x)
    func memory(
      _ layout: dnnl_memory_desc_t, _ start: UnsafeMutablePointer<Float>
    ) throws(UNetError) -> Memory {
      try Memory(layout, at: start, owner: owner, engine: engine)
    }
    let bias: Memory? = if let rectifiedBias { try memory(biasLayout, rectifiedBias) } else { nil }
    try self.init(
      from: input, to: output, kernel: kernel, weights: memory(layout, weights.value),
      gradient: memory(layout, weights.gradient), keeping: keeping, rectifiedBias: bias, engine: engine)
  }
}
