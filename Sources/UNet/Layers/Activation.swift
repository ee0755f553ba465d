import CKernels

/// Batch normalisation, or a bias, and a ReLU behind it, and where wanted a 2×2 max pooling behind that.
///
/// Backward works in place: `output` then holds the derivatives by it, `pooled` those by the pooled image, and `input` takes
/// the derivatives by it.
final class Activation {
  /// What is learnt, padded to whole blocks.
  enum Parameters {
    case normalization(
      scale: Learnt, shift: Learnt, mean: UnsafeMutablePointer<Float>, variance: UnsafeMutablePointer<Float>)
    case bias(Learnt)
    case none
  }

  /// Numbers, and where the derivatives by them go.
  struct Learnt {
    let value: UnsafeMutablePointer<Float>
    let gradient: UnsafeMutablePointer<Float>
  }

  /// What is added to a variance.
  static let epsilon = 1e-5
  /// The share of a batch in the running statistics.
  static let momentum = 0.1

  private let input: Tensor
  private let output: Tensor
  private let pooled: Tensor?
  private let parameters: Parameters
  private let engine: Engine
  private let maps: Maps
  private let sums: BandSums
  /// √(variance + ε) of each channel.
  private var deviations: [Double]
  /// Values of a channel.
  private var count: Double { Double(input.batch * input.pixels) }

  init(
    from input: Tensor, to output: Tensor, pooled: Tensor? = nil, parameters: Parameters, engine: Engine
  ) throws(UNetError) {
    (self.input, self.output, self.pooled) = (input, output, pooled)
    (self.parameters, self.engine) = (parameters, engine)
    maps = try Maps(blocks: input.blocks)
    sums = try BandSums(of: input)
    deviations = [Double](repeating: 1, count: input.channels)
  }

  /// - Parameter isTraining: whether a batch normalisation takes the batch's statistics, and adds to the running ones.
  func forward(isTraining: Bool) {
    let (variant, element) = (engine.variant, input.element)
    if isTraining, case .normalization = parameters {
      engine.perform(input.bandCount) { index in
        let band = input.band(index)
        ck_moments(
          variant, element, input.start(of: band), Int64(band.rows.count * input.width), sums.start + index)
      }
    }
    makeMaps(isTraining: isTraining)
    engine.perform(input.bandCount) { index in
      let band = input.band(index)
      let (x, y, map) = (input.start(of: band), output.start(of: band), maps.start + band.block)
      if let pooled {
        ck_rectify_pool(
          variant, element, map, x, y,
          pooled.row(band.rows.lowerBound / 2, image: band.image, block: band.block),
          Int64(band.rows.count / 2), Int64(input.width))
      } else {
        ck_rectify(variant, element, map, x, y, Int64(band.rows.count * input.width))
      }
    }
  }

  func backward() {
    let (variant, element) = (engine.variant, input.element)
    engine.perform(input.bandCount) { index in
      let band = input.band(index)
      let (x, dy, map) = (input.start(of: band), output.start(of: band), maps.start + band.block)
      if let pooled {
        ck_rectify_pool_back_sums(
          variant, element, map, dy,
          pooled.row(band.rows.lowerBound / 2, image: band.image, block: band.block), x,
          Int64(band.rows.count / 2), Int64(input.width), sums.start + index)
      } else {
        ck_rectify_back_sums(
          variant, element, map, dy, x, Int64(band.rows.count * input.width), sums.start + index)
      }
    }
    makeBackwardMaps()
    engine.perform(input.bandCount) { index in
      let band = input.band(index)
      let x = input.start(of: band)
      ck_rectify_back(
        variant, element, maps.start + band.block, output.start(of: band), x, x,
        Int64(band.rows.count * input.width))
    }
  }

  /// The maps of the forward pass, in training from the bands' moments.
  private func makeMaps(isTraining: Bool) {
    for channel in 0..<input.channels {
      switch parameters {
      case .none: maps[channel, \.factor] = 1
      case .bias(let bias):
        maps[channel, \.factor] = 1
        maps[channel, \.summand] = bias.value[channel]
      case .normalization(let scale, let shift, let runningMean, let runningVariance):
        var (mean, variance) = (Double(runningMean[channel]), Double(runningVariance[channel]))
        if isTraining {
          let squares: Double
          (mean, squares) = moments(of: channel)
          variance = squares / count
          func move(_ running: inout Float, _ value: Double) {
            running = Float((1 - Self.momentum) * Double(running) + Self.momentum * value)
          }
          move(&runningMean[channel], mean)
          move(&runningVariance[channel], squares / max(1, count - 1))
        }
        let factor = Double(scale.value[channel]) / (variance + Self.epsilon).squareRoot()
        maps[channel, \.factor] = Float(factor)
        maps[channel, \.summand] = Float(Double(shift.value[channel]) - factor * mean)
        maps[channel, \.mean] = Float(mean)
        deviations[channel] = (variance + Self.epsilon).squareRoot()
      }
    }
  }

  /// A channel's mean and sum of squared deviations, from those of bands (Chan et al. 1979).
  private func moments(of channel: Int) -> (mean: Double, squares: Double) {
    var (count, mean, squares) = (0.0, 0.0, 0.0)
    sums.forEachBand(of: channel) { band, bandMean, bandSquares in
      let pixels = Double(band.rows.count * input.width)
      let difference = bandMean - mean
      let total = count + pixels
      mean += difference * pixels / total
      squares += bandSquares + difference * difference * count * pixels / total
      count = total
    }
    return (mean, squares)
  }

  /// The parameters' derivatives, and the maps of the backward pass, from the bands' sums.
  private func makeBackwardMaps() {
    for channel in 0..<input.channels {
      // Σ g and Σ g · (x − mean).
      var (sum, product) = (0.0, 0.0)
      sums.forEachBand(of: channel) { _, bandSum, bandProduct in
        sum += bandSum
        product += bandProduct
      }
      switch parameters {
      case .none: maps[channel, \.by_g] = 1
      case .bias(let bias):
        bias.gradient[channel] = Float(sum)
        maps[channel, \.by_g] = 1
      case .normalization(let scale, let shift, _, _):
        let (factor, mean) = (Double(maps[channel, \.factor]), Double(maps[channel, \.mean]))
        let byScale = product / deviations[channel]
        scale.gradient[channel] = Float(byScale)
        shift.gradient[channel] = Float(sum)
        let byX = -factor * byScale / (deviations[channel] * count)
        maps[channel, \.by_g] = Float(factor)
        maps[channel, \.by_x] = Float(byX)
        maps[channel, \.constant] = Float(-factor * sum / count - byX * mean)
      }
    }
  }
}
