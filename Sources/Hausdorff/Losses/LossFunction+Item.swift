import CKernels

extension LossFunction {
  /// Every term of one item, for each scored channel; adds up the gradient where one is wanted.
  ///
  /// - Parameters:
  ///   - truth: a mask for each scored channel.
  ///   - input: channels × points values.
  ///   - gradient: as many, written whole.
  ///   - scales: what each term's derivative is multiplied by.
  func evaluate(
    item: Int, truth: ArraySlice<Mask>, channels: Int, input: UnsafePointer<Float>,
    gradient: UnsafeMutablePointer<Float>?, scales: [Double]
  ) throws(LossError) -> [[Double]] {
    let points = truth[truth.startIndex].shape.reduce(1, *)
    let values = channels * points
    let limit: (least: Float, most: Float) =
      activation == .none ? (0, 1) : (-.greatestFiniteMagnitude, .greatestFiniteMagnitude)
    let unfit = Int(ck_first_unfit(Kernels.variant, input, Int64(values), limit.least, limit.most))
    guard unfit < 0 else { throw .unfit(item: item, channel: unfit / points, point: unfit % points) }

    let activated = UnsafeMutablePointer<Float>.allocate(capacity: activation == .none ? 0 : 2 * values)
    defer { activated.deallocate() }
    var (p, q): (UnsafePointer<Float>, UnsafePointer<Float>?) = (input, nil)
    if activation != .none {
      (p, q) = (UnsafePointer(activated), UnsafePointer(activated + values))
      if activation == .sigmoid {
        ck_sigmoid(Kernels.variant, input, Int64(values), activated, activated + values)
      } else {
        ck_softmax(Kernels.variant, input, Int64(channels), Int64(points), activated, activated + values)
      }
    }
    gradient?.update(repeating: 0, count: values)

    var result = terms.map { _ in [Double]() }
    for (channel, truth) in zip(scoredChannels(of: channels), truth) {
      let offset = channel * points
      do throws(MaskError) {
        let plane = try LossPlane(
          truth: truth, p: p + offset, q: q.map { $0 + offset }, gradient: gradient.map { $0 + offset },
          threshold: threshold, spacing: spacing, distance: distance)
        for index in terms.indices where !terms[index].isOfLogits {
          result[index].append(
            try plane.evaluate(terms[index].kind, scale: scales.isEmpty ? nil : scales[index], empty: empty))
        }
        // From here on, derivatives by ln(p / (1 − p)).
        if let gradient, let q {
          ck_multiply(Kernels.variant, p + offset, q + offset, Int64(points), gradient + offset)
        }
        for index in terms.indices where terms[index].isOfLogits {
          result[index].append(
            try plane.evaluate(terms[index].kind, scale: scales.isEmpty ? nil : scales[index], empty: empty))
        }
      } catch {
        throw .outOfMemory
      }
    }
    if let gradient, let q, activation == .softmax {
      ck_softmax_back(Kernels.variant, p, q, Int64(channels), Int64(points), gradient)
    }
    return result
  }
}
