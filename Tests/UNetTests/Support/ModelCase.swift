import Hausdorff
import Testing

@testable import UNet

/// A small model whose every tensor matters, with images.
struct ModelCase: CustomTestStringConvertible, Sendable {
  let name: String
  let model: Model
  let batch: Int
  let height: Int
  let width: Int

  var testDescription: String { name }

  static let all = [
    ModelCase("default", batch: 1, height: 13, width: 18) { architecture, _ in
      (architecture.levels, architecture.baseChannels) = (2, 8)
    },
    ModelCase("classes", batch: 3, height: 16, width: 12) { architecture, preprocessing in
      (architecture.levels, architecture.baseChannels, architecture.classes) = (1, 5, 3)
      (preprocessing.clip, preprocessing.inputSize) = (2.5...97, [8, 8])
    },
    ModelCase("plain", batch: 3, height: 9, width: 31) { architecture, preprocessing in
      (architecture.levels, architecture.baseChannels, architecture.inChannels) = (3, 4, 4)
      (architecture.normalization, preprocessing.normalization) = (.none, .minmax)
    },
    ModelCase("deep", batch: 1, height: 32, width: 48) { architecture, preprocessing in
      (architecture.levels, architecture.baseChannels, architecture.inChannels) = (4, 4, 2)
      (architecture.classes, architecture.dropout, preprocessing.normalization) = (2, 0.25, .none)
    },
  ]

  private init(
    _ name: String, batch: Int, height: Int, width: Int,
    _ change: (inout Architecture, inout Preprocessing) -> Void
  ) {
    var (architecture, preprocessing) = (Architecture(), Preprocessing())
    change(&architecture, &preprocessing)
    var weights = Weights(architecture: architecture, seed: 3)
    for (index, parameter) in architecture.parameters.enumerated() {
      var random = Random(seed: 4, UInt64(index))
      switch parameter.role {
      case .convolution, .transposedConvolution: continue
      case .scale, .runningVariance:
        weights[parameter.name] = weights[parameter.name].map { _ in Float(random.uniform(in: 0.5...1.5)) }
      default: weights[parameter.name] = weights[parameter.name].map { _ in Float(0.2 * random.normal()) }
      }
    }
    self.name = name
    model = Model(
      weights: weights, preprocessing: preprocessing, metadata: [("note", "a \"note\" in two\nlines")])
    (self.batch, self.height, self.width) = (batch, height, width)
  }

  /// The model among what a checkpoint has besides, in moments that nothing must take for weights.
  var checkpoint: Safetensors {
    var file = model.file
    file.metadata.append(("state.epoch", "3"))
    for tensor in model.file.tensors {
      for prefix in Model.momentPrefixes {
        let values = [Float](repeating: .nan, count: tensor.values.count)
        file.tensors.append(.init(name: prefix + tensor.name, shape: tensor.shape, values: values))
      }
    }
    return file
  }

  /// Writes `NAME.safetensors`, `NAME.onnx`, and as `NAME.….npy` the images before and behind preprocessing, `raw` and
  /// `images`, and our probabilities.
  func write(to folder: TemporaryFolder) throws {
    try model.write(to: folder.path("\(name).safetensors"))
    try model.writeONNX(to: folder.path("\(name).onnx"))
    let architecture = model.weights.architecture
    let predictor = try Predictor(weights: model.weights, precision: .f32, threads: 2)
    var random = Random(seed: 5)
    var (raw, images, probabilities): ([Float], [Float], [Float]) = ([], [], [])
    let (offset, scale): (Double, Double) = model.preprocessing.normalization == .none ? (0, 1) : (100, 30)
    for _ in 0..<batch {
      var image = (0..<architecture.inChannels * height * width).map { _ in
        Float(offset + scale * random.normal())
      }
      raw += image
      model.preprocessing.normalize(&image, channels: architecture.inChannels)
      images += image
      probabilities += try image.withUnsafeBufferPointer {
        try predictor.probabilities(of: $0, height: height, width: width)
      }
    }
    try #require(Set(probabilities).count > probabilities.count / 2, "probabilities that tell pixels apart")
    for (part, values) in [("raw", raw), ("images", images), ("probabilities", probabilities)] {
      let shape = [batch, values.count / (batch * height * width), height, width]
      try folder.write("\(name).\(part).npy", Self.npy(values, shape: shape))
    }
  }

  /// An array as NumPy saves it (version 1.0).
  private static func npy(_ values: [Float], shape: [Int]) -> [UInt8] {
    let extents = shape.map { "\($0)," }.joined()
    var header = "{'descr': '<f4', 'fortran_order': False, 'shape': (\(extents)), }"
    header += String(repeating: " ", count: 63 - (10 + header.utf8.count) % 64) + "\n"
    let magic: [UInt8] = [0x93] + Array("NUMPY".utf8) + [1, 0, UInt8(header.utf8.count), 0]
    return magic + Array(header.utf8) + values.withUnsafeBytes { Array($0) }
  }
}
