/// The shape of a U-Net (Ronneberger et al. 2015).
///
/// Each of `levels` encoder blocks has two 3×3 convolutions, each with batch normalisation and a ReLU, and halves the
/// image behind them; a bottleneck block follows. Each decoder block doubles the image by a 2×2 transposed convolution,
/// appends it to what the encoder block of its level gave (that one first) and has two such convolutions again. A 1×1
/// convolution gives a logit for each class. Block i has `baseChannels · 2^i` channels, the bottleneck being block `levels`.
public struct Architecture: Equatable, Sendable {
  /// What follows a convolution.
  public enum Normalization: String, CaseIterable, Sendable {
    /// Batch normalisation: ε = 1e-5, running statistics with momentum 0.1; the convolutions have no bias.
    case batch
    /// Nothing; the convolutions have a bias.
    case none
  }

  /// How often the image is halved: 1 to 7.
  public var levels = 4
  /// Channels of the first block: 1 to 512.
  public var baseChannels = 16
  /// Channels of an image: 1 to 512.
  public var inChannels = 1
  /// Channels of logits: 1 for a sigmoid, else one for each class, background first, for a softmax. At most 256.
  public var classes = 1
  public var normalization = Normalization.batch
  /// Share of the bottleneck's values that training sets to 0: not below 0, below 1.
  public var dropout: Float = 0

  public init() {}

  /// Most channels that a bottleneck may have.
  static let maximumChannels = 4096

  /// Refuses what cannot be built, in words that name the value at fault.
  public func validate() throws(UNetError) {
    func check(_ name: String, _ value: Int, in range: ClosedRange<Int>) throws(UNetError) {
      guard range.contains(value) else {
        throw UNetError(
          .configuration, "\(name) is \(value); it goes from \(range.lowerBound) to \(range.upperBound)")
      }
    }
    try check("levels", levels, in: 1...7)
    try check("base_channels", baseChannels, in: 1...512)
    try check("in_channels", inChannels, in: 1...512)
    try check("classes", classes, in: 1...256)
    guard dropout >= 0, dropout < 1 else {
      throw UNetError(.configuration, "dropout is \(dropout); it goes from 0 to less than 1")
    }
    guard channels(ofBlock: levels) <= Self.maximumChannels else {
      throw UNetError(
        .configuration,
        "base_channels \(baseChannels) and levels \(levels) make \(channels(ofBlock: levels)) channels at the bottom; the most is \(Self.maximumChannels)"
      )
    }
  }

  /// Channels that block `block` gives; the bottleneck is block `levels`.
  public func channels(ofBlock block: Int) -> Int { baseChannels << block }

  /// What an image's height and width are padded to a multiple of.
  public var sizeMultiple: Int { 1 << levels }
}

extension Architecture {
  /// A named tensor of a network.
  public struct Parameter: Equatable, Sendable {
    public enum Role: Sendable {
      /// Weights of a convolution, (out, in, 3, 3) or (out, in, 1, 1).
      case convolution
      /// Weights of a transposed convolution, (in, out, 2, 2).
      case transposedConvolution
      case bias
      /// The factor γ of a batch normalisation.
      case scale
      /// The summand β of a batch normalisation.
      case shift
      /// Statistics that a batch normalisation keeps for inference; not trained.
      case runningMean, runningVariance

      /// Whether an optimiser moves it.
      public var isTrained: Bool { self != .runningMean && self != .runningVariance }
    }

    /// Such as `encoder.0.convolution1.weight`.
    public let name: String
    /// Extents, outermost first; elements are in C order.
    public let shape: [Int]
    public let role: Role

    /// Number of elements.
    public var count: Int { shape.reduce(1, *) }
  }

  /// Every tensor of the network, in the order of the forward pass.
  ///
  /// Blocks are `encoder.0` … , `bottleneck`, and `decoder.\(levels - 1)` … `decoder.0`, each with `convolution1.weight`,
  /// `normalization1.weight`, `.bias`, `.running_mean`, `.running_var`, and the same of `convolution2`; without
  /// normalisation `convolution1.bias` in their place. Decoder blocks begin with `up.weight` and `up.bias`. The last is
  /// `head.weight` and `head.bias`. Names and shapes are as PyTorch has them.
  public var parameters: [Parameter] {
    var all: [Parameter] = []
    func block(_ name: String, from input: Int, to output: Int) {
      for (index, input) in [(1, input), (2, output)] {
        let convolution = "\(name).convolution\(index)"
        all.append(
          Parameter(name: "\(convolution).weight", shape: [output, input, 3, 3], role: .convolution))
        switch normalization {
        case .none: all.append(Parameter(name: "\(convolution).bias", shape: [output], role: .bias))
        case .batch:
          let tensors: [(String, Parameter.Role)] = [
            ("weight", .scale), ("bias", .shift), ("running_mean", .runningMean),
            ("running_var", .runningVariance),
          ]
          for (tensor, role) in tensors {
            all.append(
              Parameter(name: "\(name).normalization\(index).\(tensor)", shape: [output], role: role))
          }
        }
      }
    }
    for level in 0..<levels {
      let input = level == 0 ? inChannels : channels(ofBlock: level - 1)
      block("encoder.\(level)", from: input, to: channels(ofBlock: level))
    }
    block("bottleneck", from: channels(ofBlock: levels - 1), to: channels(ofBlock: levels))
    for level in (0..<levels).reversed() {
      let (input, output) = (channels(ofBlock: level + 1), channels(ofBlock: level))
      all.append(
        Parameter(
          name: "decoder.\(level).up.weight", shape: [input, output, 2, 2], role: .transposedConvolution))
      all.append(Parameter(name: "decoder.\(level).up.bias", shape: [output], role: .bias))
      block("decoder.\(level)", from: 2 * output, to: output)
    }
    all.append(Parameter(name: "head.weight", shape: [classes, baseChannels, 1, 1], role: .convolution))
    all.append(Parameter(name: "head.bias", shape: [classes], role: .bias))
    return all
  }
}
