import Glibc

/// A trained U-Net at work: images in, probabilities out.
///
/// Used by one thread at a time. Batch normalisations are folded into the convolutions. The layers for the last image's
/// size are kept, so that images of one size cost no set-up.
public final class Predictor {
  public let architecture: Architecture
  /// What the precision asked for came to: f32 or bf16.
  public let precision: Precision
  private let engine: Engine
  private let parameters: ParameterBlock
  private var network: Network?

  /// - Throws: `UNetError` for an architecture that cannot be built, `bf16` where the processor has none, and where memory
  ///   does not suffice.
  public init(weights: Weights, precision: Precision = .auto, threads: Int) throws(UNetError) {
    architecture = weights.architecture
    try architecture.validate()
    self.precision = try Engine.resolve(precision)
    engine = try Engine(threads: threads)
    let folded = weights.folded
    parameters = try ParameterBlock(folded.architecture)
    parameters.load(folded)
  }

  /// Goes on with other weights of the same architecture.
  func load(_ weights: Weights) throws(UNetError) {
    parameters.load(weights.folded)
    try network?.loadWeights()
  }

  /// About the most bytes that the layers for one image take, in float32.
  public static func workingBytes(of architecture: Architecture, height: Int, width: Int) -> Int {
    // Six tensors of the first level's channels, and on each level below half as much as above; image and logits twice.
    let channels = Tensor.roundedUp(architecture.baseChannels)
    let pixels = (height + architecture.sizeMultiple) * (width + architecture.sizeMultiple)
    return pixels * 4 * (12 * channels + 2 * (architecture.inChannels + architecture.classes))
  }

  /// Gives back the memory of the layers; the next image makes them anew.
  public func dropLayers() { network = nil }

  /// Logits of an image.
  ///
  /// - Parameters:
  ///   - image: (in_channels, height, width); any size, padded with zeros inside.
  ///   - logits: takes (classes, height, width).
  public func logits(
    of image: UnsafeBufferPointer<Float>, height: Int, width: Int,
    into logits: UnsafeMutableBufferPointer<Float>
  ) throws(UNetError) {
    precondition(height > 0 && width > 0 && image.count == architecture.inChannels * height * width)
    precondition(logits.count == architecture.classes * height * width)
    let network: Network
    if let kept = self.network, kept.height == height, kept.width == width {
      network = kept
    } else {
      self.network = nil
      network = try Network(
        parameters: parameters, batch: 1, height: height, width: width, isBfloat16: precision == .bf16,
        isForInference: true, engine: engine)
      try network.loadWeights()
      self.network = network
    }
    try network.forward(images: image.baseAddress!, logits: logits.baseAddress!, isTraining: false)
  }

  /// Probabilities of an image's classes, (classes, height, width): their sigmoid for one class, their softmax for several.
  public func probabilities(
    of image: UnsafeBufferPointer<Float>, height: Int, width: Int
  ) throws(UNetError) -> [Float] {
    var values = [Float](repeating: 0, count: architecture.classes * height * width)
    try values.withUnsafeMutableBufferPointer { (buffer) throws(UNetError) in
      try logits(of: image, height: height, width: width, into: buffer)
      Self.activate(buffer, classes: architecture.classes)
    }
    return values
  }

  /// Makes probabilities of logits, (classes, points), in place.
  static func activate(_ values: UnsafeMutableBufferPointer<Float>, classes: Int) {
    guard classes > 1 else {
      for index in values.indices { values[index] = 1 / (1 + exp(-values[index])) }
      return
    }
    let points = values.count / classes
    for point in 0..<points {
      var largest = values[point]
      for index in stride(from: point, to: values.count, by: points) { largest = max(largest, values[index]) }
      var sum: Float = 0
      for index in stride(from: point, to: values.count, by: points) {
        values[index] = exp(values[index] - largest)
        sum += values[index]
      }
      for index in stride(from: point, to: values.count, by: points) { values[index] /= sum }
    }
  }
}
