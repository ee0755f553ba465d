import CDNNL

/// A convolution with stride 1 that keeps the size, with zeros around the image: 3×3, or 1×1.
///
/// Backward works in place: the output's memory then holds the derivatives by it, and the input's takes those by it.
final class Convolution {
  /// A convolution's input or output.
  struct End {
    /// Batch, channels, height, width.
    let dimensions: [Int]
    let memory: Memory
    /// Whether oneDNN may choose another layout, in which the elements are copied.
    var isAnyLayout = false
  }

  /// What a backward pass gives.
  enum Keeping {
    /// There is none.
    case nothing
    case weightGradient
    /// Also the derivatives by the input.
    case gradients
  }

  private var loading: [Primitive] = []
  private var forwardSteps: [Primitive] = []
  private var backwardSteps: [Primitive] = []

  /// - Parameters:
  ///   - weights: float32, (out, in, kernel, kernel).
  ///   - gradient: takes the derivatives by them.
  ///   - rectifiedBias: if given, adds a bias for each output channel and takes the positive part.
  init(
    from input: End, to output: End, kernel: Int, weights: Memory, gradient: Memory,
    keeping: Keeping, rectifiedBias: Memory? = nil, engine: Engine
  ) throws(UNetError) {
    let type = dnnl_data_type_t(rawValue: UInt32(output.memory.description.data_type.rawValue))
    let shape = Shape(
      weights: [output.dimensions[1], input.dimensions[1], kernel, kernel], type: type,
      input: input, output: output, engine: engine)
    let forward = try shape.strictOrAny { (input, output) throws(UNetError) in
      try shape.forward(input, output, bias: rectifiedBias)
    }
    let packed = try Memory(forward.layout(dnnl_query_weights_md), engine: engine)
    loading.append(try Primitive(from: weights, to: packed, engine: engine))
    let (source, reads) = try Self.staging(input.memory, forward.layout(dnnl_query_src_md), engine)
    let (destination, writes) = try Self.staging(output.memory, forward.layout(dnnl_query_dst_md), engine)
    var arguments = [(DNNL_ARG_SRC, source), (DNNL_ARG_WEIGHTS, packed), (DNNL_ARG_DST, destination)]
    if let rectifiedBias { arguments.append((DNNL_ARG_BIAS, rectifiedBias)) }
    if reads { forwardSteps.append(try Primitive(from: input.memory, to: source, engine: engine)) }
    forwardSteps.append(try Primitive(forward, arguments: arguments, engine: engine))
    if writes { forwardSteps.append(try Primitive(from: destination, to: output.memory, engine: engine)) }

    guard keeping != .nothing else { return }
    let byWeights = try shape.strictOrAny { (input, output) throws(UNetError) in
      try shape.backwardWeights(input, output, hint: forward)
    }
    let sum = try Memory(byWeights.layout(dnnl_query_diff_weights_md), engine: engine)
    try backwardSteps += Self.copies(
      of: [
        (input.memory, byWeights.layout(dnnl_query_src_md), DNNL_ARG_SRC),
        (output.memory, byWeights.layout(dnnl_query_diff_dst_md), DNNL_ARG_DIFF_DST),
      ], for: byWeights, with: [(DNNL_ARG_DIFF_WEIGHTS, sum)], engine)
    backwardSteps.append(try Primitive(from: sum, to: gradient, engine: engine))

    guard keeping == .gradients else { return }
    let byInput = try shape.strictOrAny { (input, output) throws(UNetError) in
      try shape.backwardData(input, output, hint: forward)
    }
    let turned = try Memory(byInput.layout(dnnl_query_weights_md), engine: engine)
    loading.append(try Primitive(from: weights, to: turned, engine: engine))
    let (result, copies) = try Self.staging(input.memory, byInput.layout(dnnl_query_diff_src_md), engine)
    try backwardSteps += Self.copies(
      of: [(output.memory, byInput.layout(dnnl_query_diff_dst_md), DNNL_ARG_DIFF_DST)],
      for: byInput, with: [(DNNL_ARG_WEIGHTS, turned), (DNNL_ARG_DIFF_SRC, result)], engine)
    if copies { backwardSteps.append(try Primitive(from: result, to: input.memory, engine: engine)) }
  }

  /// Takes weights that have changed.
  func loadWeights() throws(UNetError) { try Self.execute(loading) }

  func forward() throws(UNetError) { try Self.execute(forwardSteps) }

  /// Gives the derivatives by the weights and, in the input's memory, by the input.
  func backward() throws(UNetError) { try Self.execute(backwardSteps) }

  private static func execute(_ steps: [Primitive]) throws(UNetError) {
    for step in steps { try step.execute() }
  }

  /// Memory of this layout in place of `memory`, which itself serves where it has that layout.
  private static func staging(
    _ memory: Memory, _ layout: dnnl_memory_desc_t, _ engine: Engine
  ) throws(UNetError) -> (Memory, Bool) {
    if memory.hasLayout(layout) { return (memory, false) }
    return (try Memory(layout, engine: engine), true)
  }

  /// A primitive behind the copies that bring its inputs into its layouts.
  private static func copies(
    of inputs: [(Memory, dnnl_memory_desc_t, Int32)], for description: PrimitiveDescription,
    with others: [(Int32, Memory)], _ engine: Engine
  ) throws(UNetError) -> [Primitive] {
    var steps: [Primitive] = []
    var arguments = others
    for (memory, layout, argument) in inputs {
      let (staged, copies) = try staging(memory, layout, engine)
      if copies { steps.append(try Primitive(from: memory, to: staged, engine: engine)) }
      arguments.append((argument, staged))
    }
    return steps + [try Primitive(description, arguments: arguments, engine: engine)]
  }
}

/// What oneDNN's convolutions are described by.
private struct Shape {
  let weights: [Int]
  let type: dnnl_data_type_t
  let input: Convolution.End
  let output: Convolution.End
  let engine: Engine

  // As many extents as the functions' type has; they read those of space.
  private var strides: [Int64] { [1, 1] + [Int64](repeating: 0, count: 10) }
  private var padding: [Int64] {
    [Int64](repeating: Int64(weights[3] / 2), count: 2) + [Int64](repeating: 0, count: 10)
  }

  /// The operation on the layouts that the tensors have; on any, where oneDNN has only its plain implementation for those.
  func strictOrAny(
    _ describe: (dnnl_memory_desc_t, dnnl_memory_desc_t) throws(UNetError) -> PrimitiveDescription
  ) throws(UNetError) -> PrimitiveDescription {
    func layout(_ end: Convolution.End, any: Bool) throws(UNetError) -> dnnl_memory_desc_t {
      any || end.isAnyLayout
        ? try dnnl_memory_desc_t(end.dimensions, type, dnnl_format_tag_any) : end.memory.description
    }
    let strict = try describe(layout(input, any: false), layout(output, any: false))
    guard strict.isReference else { return strict }
    return try describe(layout(input, any: true), layout(output, any: true))
  }

  private func anyWeights(_ type: dnnl_data_type_t) throws(UNetError) -> dnnl_memory_desc_t {
    try dnnl_memory_desc_t(weights, type, dnnl_format_tag_any)
  }

  func forward(
    _ input: dnnl_memory_desc_t, _ output: dnnl_memory_desc_t, bias: Memory?
  ) throws(UNetError) -> PrimitiveDescription {
    var (input, output, packed) = (input, output, try anyWeights(type))
    var operation = dnnl_convolution_desc_t()
    guard let bias else {
      try Engine.check(
        dnnl_convolution_forward_desc_init(
          &operation, dnnl_forward_training, dnnl_convolution_direct, &input, &packed, nil, &output, strides,
          padding, padding), "dnnl_convolution_forward_desc_init")
      return try PrimitiveDescription(&operation, engine: engine)
    }
    var biasLayout = bias.description
    try Engine.check(
      dnnl_convolution_forward_desc_init(
        &operation, dnnl_forward_inference, dnnl_convolution_direct, &input, &packed, &biasLayout, &output,
        strides, padding, padding), "dnnl_convolution_forward_desc_init")
    var (operations, attributes): (dnnl_post_ops_t?, dnnl_primitive_attr_t?)
    defer {
      dnnl_primitive_attr_destroy(attributes)
      dnnl_post_ops_destroy(operations)
    }
    try Engine.check(dnnl_post_ops_create(&operations), "dnnl_post_ops_create")
    try Engine.check(dnnl_primitive_attr_create(&attributes), "dnnl_primitive_attr_create")
    try Engine.check(
      dnnl_post_ops_append_eltwise(operations, 1, dnnl_eltwise_relu, 0, 0), "dnnl_post_ops_append_eltwise")
    try Engine.check(
      dnnl_primitive_attr_set_post_ops(attributes, operations), "dnnl_primitive_attr_set_post_ops")
    return try PrimitiveDescription(&operation, attributes: attributes, engine: engine)
  }

  func backwardWeights(
    _ input: dnnl_memory_desc_t, _ output: dnnl_memory_desc_t, hint: PrimitiveDescription
  ) throws(UNetError) -> PrimitiveDescription {
    // Sums over all pixels need float32.
    var (input, output, sum) = (input, output, try anyWeights(dnnl_f32))
    var operation = dnnl_convolution_desc_t()
    try Engine.check(
      dnnl_convolution_backward_weights_desc_init(
        &operation, dnnl_convolution_direct, &input, &sum, nil, &output, strides, padding, padding),
      "dnnl_convolution_backward_weights_desc_init")
    return try PrimitiveDescription(&operation, hint: hint, engine: engine)
  }

  func backwardData(
    _ input: dnnl_memory_desc_t, _ output: dnnl_memory_desc_t, hint: PrimitiveDescription
  ) throws(UNetError) -> PrimitiveDescription {
    var (input, output, turned) = (input, output, try anyWeights(type))
    var operation = dnnl_convolution_desc_t()
    try Engine.check(
      dnnl_convolution_backward_data_desc_init(
        &operation, dnnl_convolution_direct, &input, &turned, &output, strides, padding, padding),
      "dnnl_convolution_backward_data_desc_init")
    return try PrimitiveDescription(&operation, hint: hint, engine: engine)
  }
}
