import CKernels

/// The 1×1 convolution that gives a logit for each class of each pixel, float32 of (batch, classes, height, width).
///
/// The logits may be of fewer rows and columns than the tensor, which was padded at the bottom and right. Backward works
/// in place: `input` takes the derivatives by it.
final class Head {
  private let input: Tensor
  private let height: Int
  private let width: Int
  private let classes: Int
  private let weights: Activation.Learnt
  private let bias: Activation.Learnt
  private let engine: Engine
  private let bands: [Range<Int>]
  /// Derivatives by weights and biases that each image's bands have summed.
  private let partial: UnsafeMutablePointer<Float>
  private let buffer: Buffer

  /// Derivatives of a band.
  private var partialCount: Int { classes * (input.channels + 1) }

  init(
    from input: Tensor, height: Int, width: Int, classes: Int, weights: Activation.Learnt,
    bias: Activation.Learnt, engine: Engine
  ) throws(UNetError) {
    (self.input, self.height, self.width, self.classes) = (input, height, width, classes)
    (self.weights, self.bias, self.engine) = (weights, bias, engine)
    let rows = max(1, 2048 / width)
    bands = stride(from: 0, to: input.height, by: rows).map { $0..<min(input.height, $0 + rows) }
    let count = input.batch * bands.count * classes * (input.channels + 1)
    buffer = try Buffer(count: count * 4)
    partial = buffer.start.bindMemory(to: Float.self, capacity: count)
  }

  /// Elements of a plane of the tensor.
  private var blockStride: Int64 { Int64(input.pixels * Tensor.block) }
  private var plane: Int { height * width }

  func forward(logits: UnsafeMutablePointer<Float>) {
    forEachRow { _, image, row in
      guard row < height else { return }
      ck_head(
        engine.variant, input.element, input.row(row, image: image, block: 0), blockStride,
        Int64(input.blocks), weights.value, bias.value, Int64(classes),
        logits + image * classes * plane + row * width, Int64(plane), Int64(width))
    }
  }

  /// - Parameter gradient: the derivatives by the logits.
  func backward(gradient: UnsafePointer<Float>) {
    partial.update(repeating: 0, count: buffer.count / 4)
    forEachRow { band, image, row in
      let used = row < height ? width : 0
      let sums = partial + band * partialCount
      if used > 0 {
        ck_head_back(
          engine.variant, input.element, input.row(row, image: image, block: 0), blockStride,
          Int64(input.blocks), weights.value, Int64(classes),
          gradient + image * classes * plane + row * width, Int64(plane), Int64(used), sums,
          sums + classes * input.channels)
      }
      guard used < input.width else { return }
      // No logit depends on what was padded.
      for block in 0..<input.blocks {
        (input.row(row, image: image, block: block) + used * input.pixelStride)
          .initializeMemory(as: UInt8.self, repeating: 0, count: (input.width - used) * input.pixelStride)
      }
    }
    for index in 0..<partialCount {
      var sum = 0.0
      for band in 0..<input.batch * bands.count { sum += Double(partial[band * partialCount + index]) }
      let isWeight = index < classes * input.channels
      (isWeight ? weights : bias).gradient[isWeight ? index : index - classes * input.channels] = Float(sum)
    }
  }

  /// Calls a closure with the index of each band, its image and each of its rows, bands spread over the threads.
  private func forEachRow(_ each: (Int, Int, Int) -> Void) {
    engine.perform(input.batch * bands.count) { index in
      let (image, band) = index.quotientAndRemainder(dividingBy: bands.count)
      for row in bands[band] { each(index, image, row) }
    }
  }
}
