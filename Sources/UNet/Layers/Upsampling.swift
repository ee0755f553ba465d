import CKernels

/// The second half of a 2×2 transposed convolution with stride 2: a 1×1 convolution has made the pixels' four corners, each
/// in channels of its own; they take their places, and a bias is added.
///
/// Backward takes the derivatives by `output` apart again, into `input`'s memory.
final class Upsampling {
  private let input: Tensor
  private let output: Tensor
  private let bias: Activation.Learnt
  private let sums: BandSums
  private let engine: Engine

  init(
    from input: Tensor, to output: Tensor, bias: Activation.Learnt, engine: Engine
  ) throws(UNetError) {
    precondition(input.blocks == 4 * output.blocks && input.height * 2 == output.height)
    (self.input, self.output, self.bias, self.engine) = (input, output, bias, engine)
    sums = try BandSums(of: output)
  }

  func forward() {
    engine.perform(output.bandCount) { index in
      let band = output.band(index)
      withCorners(of: band) { corners in
        ck_spread(
          engine.variant, input.element, bias.value + band.block * Tensor.block, corners,
          output.start(of: band), Int64(band.rows.count / 2), Int64(input.width))
      }
    }
  }

  func backward() {
    engine.perform(output.bandCount) { index in
      let band = output.band(index)
      withCorners(of: band) { corners in
        UnsafeRawPointer(corners).withMemoryRebound(to: UnsafeMutableRawPointer?.self, capacity: 4) {
          corners in
          ck_gather(
            engine.variant, input.element, output.start(of: band), corners,
            Int64(band.rows.count / 2), Int64(input.width), sums.start + index)
        }
      }
    }
    for channel in 0..<output.channels {
      var sum = 0.0
      sums.forEachBand(of: channel) { _, bandSum, _ in sum += bandSum }
      bias.gradient[channel] = Float(sum)
    }
  }

  /// Lends where a band's four corners begin.
  private func withCorners(
    of band: Tensor.Band, _ body: (UnsafePointer<UnsafeRawPointer?>) -> Void
  ) {
    func corner(_ index: Int) -> UnsafeRawPointer {
      UnsafeRawPointer(
        input.row(
          band.rows.lowerBound / 2, image: band.image, block: index * output.blocks + band.block))
    }
    withUnsafeTemporaryAllocation(of: UnsafeRawPointer?.self, capacity: 4) { corners in
      for index in 0..<4 { corners[index] = corner(index) }
      body(UnsafePointer(corners.baseAddress!))
    }
  }
}
