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
  /// With the weights of a parameter.
  convenience init(
    from input: End, to output: End, kernel: Int, parameter: String, of parameters: ParameterBlock,
    hasInputGradient: Bool, engine: Engine
  ) throws(UNetError) {
    let layout = try dnnl_memory_desc_t(
      [output.dimensions[1], input.dimensions[1], kernel, kernel], dnnl_f32, dnnl_oihw)
    try self.init(
      from: input, to: output, kernel: kernel,
      weights: Memory(layout, at: parameters.value(parameter), owner: parameters, engine: engine),
      gradient: Memory(layout, at: parameters.gradient(parameter), owner: parameters, engine: engine),
      hasInputGradient: hasInputGradient, engine: engine)
  }
}
