extension Model {
  /// Most bytes of a message of Protocol Buffers.
  private static let maximumCount = Int(Int32.max)

  /// Writes the network as an ONNX model (IR version 8, operator set 17), which is there whole or not at all.
  ///
  /// Its input is `image`, float32 (batch, in_channels, height, width) of any batch, height and width, preprocessed as the
  /// metadata says. Its output is `probability`, (batch, classes, height, width): a sigmoid for one class, a softmax for
  /// several. Batch normalisations are part of the convolutions.
  ///
  /// - Throws: `UNetError.configuration` for a model above the 2 GiB that such a file can hold; `UNetError.system` where it
  ///   cannot be written.
  public func writeONNX(to path: String) throws(UNetError) {
    try writeONNX(to: path, maximumCount: Self.maximumCount)
  }

  /// The same with another limit.
  func writeONNX(to path: String, maximumCount: Int) throws(UNetError) {
    // ir_version 1, producer_name 2, model_version 5, graph 7, opset_import 8, metadata_props 14.
    let model = ProtocolBuffer { model in
      model.integer(1, 8)
      model.text(2, "hausdorffd")
      model.integer(5, 1)
      model.message(7, graph.message)
      model.message(8, ProtocolBuffer { $0.integer(2, 17) })
      for (name, text) in allMetadata {
        model.message(
          14,
          ProtocolBuffer {
            $0.text(1, name)
            $0.text(2, text)
          })
      }
    }
    guard model.count <= maximumCount else {
      throw UNetError(
        .configuration, "\(path): the model takes \(model.count) bytes; in ONNX the most is \(maximumCount)")
    }
    try AtomicFile.write(to: path) { (file) throws(UNetError) in try model.write(to: file) }
  }

  private var graph: ONNXGraph {
    let weights = weights.folded
    let architecture = weights.architecture
    let parameters = Dictionary(
      uniqueKeysWithValues: zip(architecture.parameters, weights.values).map { ($0.name, ($0.shape, $1)) })
    var graph = ONNXGraph(name: "unet")
    func constant(_ name: String) -> String {
      let (shape, values) = parameters[name]!
      return graph.constant(name, shape: shape, values)
    }
    func convolution(_ name: String, of input: String, kernel: Int) -> String {
      graph.node(
        name, "Conv", [input, constant("\(name).weight"), constant("\(name).bias")],
        [
          ("kernel_shape", .integers([kernel, kernel])),
          ("pads", .integers([Int](repeating: kernel / 2, count: 4))),
        ])
    }
    func block(_ name: String, of input: String) -> String {
      ["\(name).convolution1", "\(name).convolution2"].reduce(input) { input, name in
        graph.node("\(name).relu", "Relu", [convolution(name, of: input, kernel: 3)])
      }
    }
    let halving: [(String, ONNXGraph.Attribute)] = [
      ("kernel_shape", .integers([2, 2])), ("strides", .integers([2, 2])),
    ]

    let (batch, height, width) = (
      ONNXGraph.Extent.named("batch"), ONNXGraph.Extent.named("height"), ONNXGraph.Extent.named("width")
    )
    graph.input(
      "image", shape: [batch, .fixed(architecture.inChannels), height, width],
      "Preprocessed as the model's metadata says; of any size")
    let size = graph.node("size", "Shape", ["image"], [("start", .integer(2)), ("end", .integer(4))])
    var value = padded("image", size: size, to: architecture.sizeMultiple, in: &graph)
    var skips: [String] = []
    for level in 0..<architecture.levels {
      skips.append(block("encoder.\(level)", of: value))
      value = graph.node("encoder.\(level).pool", "MaxPool", [skips[level]], halving)
    }
    value = block("bottleneck", of: value)
    for level in (0..<architecture.levels).reversed() {
      let up = "decoder.\(level).up"
      value = graph.node(
        up, "ConvTranspose", [value, constant("\(up).weight"), constant("\(up).bias")], halving)
      value = graph.node("decoder.\(level).join", "Concat", [skips[level], value], [("axis", .integer(1))])
      value = block("decoder.\(level)", of: value)
    }
    value = convolution("head", of: value, kernel: 1)
    value = graph.node(
      "logit", "Slice",
      [value, graph.constant("size.begin", [0, 0]), size, graph.constant("size.axes", [2, 3])])
    graph.node(
      "probability", architecture.classes == 1 ? "Sigmoid" : "Softmax", [value],
      architecture.classes == 1 ? [] : [("axis", .integer(1))])
    graph.output(
      "probability", shape: [batch, .fixed(architecture.classes), height, width],
      architecture.classes == 1 ? "Of the mask" : "Of each class, the background first")
    return graph
  }

  /// Appends rows and columns of zeros so that the size is a multiple.
  private func padded(_ image: String, size: String, to multiple: Int, in graph: inout ONNXGraph) -> String {
    // ONNX's Mod is never negative for a positive divisor.
    let missing = graph.node(
      "padding.missing", "Mod",
      [graph.node("size.negative", "Neg", [size]), graph.constant("size.multiple", [multiple])])
    let padding = graph.node(
      "padding", "Concat", [graph.constant("padding.none", [Int](repeating: 0, count: 6)), missing],
      [("axis", .integer(0))])
    return graph.node("image.padded", "Pad", [image, padding])
  }
}
