import CKernels
import Glibc

extension LossFunction {
  /// Every term of one item, for each scored channel; adds up the gradient where one is wanted.
  ///
  /// - Parameters:
  ///   - truth: a mask for each scored channel.
  ///   - points: of one channel.
  ///   - input: the item's values.
  ///   - gradient: as many, written whole.
  ///   - scales: what each term's derivative is multiplied by; nil for those without.
  func evaluate(
    item: Int, truth: [Mask], channels: Int, points: Int, input: UnsafePointer<Float>,
    gradient: UnsafeMutablePointer<Float>?, scales: [Double?]
  ) throws(LossError) -> [LossValue.Item] {
    precondition(
      truth.count == scoredChannels(of: channels).count
        && truth.allSatisfy { $0.shape.reduce(1, *) == points },
      "a mask for each scored channel, of as many points as there are predictions")
    guard channelsAreLast, channels > 1 else {
      return try evaluate(
        item: item, truth: truth, channels: channels, points: points, planes: input, gradient: gradient,
        scales: scales)
    }
    let planes: Scratch<Float>
    do { planes = try Scratch(count: 2 * channels * points) } catch { throw .outOfMemory }
    defer { planes.keep() }
    let (values, slopes) = (planes.start, planes.start + channels * points)
    for point in 0..<points {
      for channel in 0..<channels { values[channel * points + point] = input[point * channels + channel] }
    }
    let items = try evaluate(
      item: item, truth: truth, channels: channels, points: points, planes: values,
      gradient: gradient.map { _ in slopes },
      scales: scales)
    if let gradient {
      for point in 0..<points {
        for channel in 0..<channels {
          gradient[point * channels + channel] = slopes[channel * points + point]
        }
      }
    }
    return items
  }

  private func evaluate(
    item: Int, truth: [Mask], channels: Int, points: Int, planes input: UnsafePointer<Float>,
    gradient: UnsafeMutablePointer<Float>?, scales: [Double?]
  ) throws(LossError) -> [LossValue.Item] {
    let values = channels * points
    let limit: (least: Float, most: Float) =
      activation == .none ? (0, 1) : (-.greatestFiniteMagnitude, .greatestFiniteMagnitude)
    let unfit = Int(ck_first_unfit(Kernels.variant, input, Int64(values), limit.least, limit.most))
    guard unfit < 0 else { throw .unfit(item: item, channel: unfit / points, point: unfit % points) }

    let items: [LossValue.Item]
    do throws(MaskError) {
      items = try evaluate(
        item: item, truth: truth, channels: channels, points: points, fit: input, gradient: gradient,
        scales: scales)
    } catch {
      throw .outOfMemory
    }
    let isFinite = items.allSatisfy { item in
      zip(terms, item.values).allSatisfy { term, value in
        if case .score = term.kind { true } else { value?.isFinite == true }
      }
    }
    guard isFinite else { throw .overflows(item: item) }
    if let gradient {
      let most = Float.greatestFiniteMagnitude
      let infinite = ck_first_unfit(Kernels.variant, gradient, Int64(values), -most, most)
      guard infinite < 0 else { throw .overflows(item: item) }
    }
    return items
  }

  private func evaluate(
    item: Int, truth: [Mask], channels: Int, points: Int, fit input: UnsafePointer<Float>,
    gradient: UnsafeMutablePointer<Float>?, scales: [Double?]
  ) throws(MaskError) -> [LossValue.Item] {
    let values = channels * points
    let activated = try Scratch<Float>(
      count: values * (activation == .none ? 0 : activation == .sigmoid ? 2 : 3))
    defer { activated.keep() }
    let (first, second, third) = (activated.start, activated.start + values, activated.start + 2 * values)
    let (p, q, odds): (UnsafePointer<Float>, UnsafePointer<Float>?, UnsafePointer<Float>?)
    switch activation {
    case .none: (p, q, odds) = (input, nil, nil)
    case .sigmoid:
      ck_sigmoid(Kernels.variant, input, Int64(values), first, second)
      (p, q, odds) = (UnsafePointer(first), UnsafePointer(second), input)
    case .softmax:
      ck_softmax(Kernels.variant, input, Int64(channels), Int64(points), first, second, third)
      (p, q, odds) = (UnsafePointer(first), UnsafePointer(second), UnsafePointer(third))
    }
    gradient?.update(repeating: 0, count: values)

    let metrics = terms.compactMap { term in if case .score(let metric) = term.kind { metric } else { nil } }
    let scoring = ScoreOptions(metrics: metrics, distance: distance, spacing: spacing, empty: empty)
    var items: [LossValue.Item] = []
    for (channel, truth) in zip(scoredChannels(of: channels), truth) {
      let offset = channel * points
      let plane = try LossPlane(
        truth: truth, p: p + offset, q: q.map { $0 + offset }, odds: odds.map { $0 + offset },
        gradient: gradient.map { $0 + offset }, threshold: threshold, scoring: scoring)
      items.append(
        LossValue.Item(
          item: item, channel: channel, values: try evaluate(plane, scales: scales), empty: plane.empty))
    }
    if let gradient, let q, activation == .softmax {
      ck_softmax_back(Kernels.variant, input, p, q, Int64(channels), Int64(points), gradient)
    }
    return items
  }

  /// The terms of one plane.
  private func evaluate(_ plane: LossPlane, scales: [Double?]) throws(MaskError) -> [Double?] {
    var values = [Double?](repeating: nil, count: terms.count)
    for index in terms.indices where !terms[index].isOfLogits {
      values[index] = try evaluate(terms[index], plane, scale: scales[index])
    }
    // From here on, derivatives by ln(p / (1 − p)).
    if let gradient = plane.kernel.gradient, let q = plane.kernel.q {
      ck_multiply(Kernels.variant, plane.kernel.p, q, plane.kernel.n, gradient)
    }
    for index in terms.indices where terms[index].isOfLogits {
      values[index] = try evaluate(terms[index], plane, scale: scales[index])
    }
    return values
  }

  private func evaluate(_ term: LossTerm, _ plane: LossPlane, scale: Double?) throws(MaskError) -> Double? {
    guard term.takesLog, reduction == .none else {
      return try plane.evaluate(term.kind, scale: scale)
    }
    guard let value = try plane.evaluate(term.kind, scale: nil) else { return nil }
    if let scale { _ = try plane.evaluate(term.kind, scale: scale / (1 + value)) }
    return log1p(value)
  }

  /// At most so many bytes are taken while one item of that shape is worked on, beside its input and output.
  public func scratchBytes(space: [Int], channels: Int, withGradient: Bool) -> Int {
    let points = space.reduce(1, *)
    let erosions = terms.map { term in
      if case .hausdorffErosion(_, let iterations) = term.kind {
        withGradient ? iterations + 2 : 2
      } else {
        0
      }
    }
    // Bytes of truth, errors, two maps and the missed points', one in another order of axes, and what measuring takes.
    let plane = 1 + 4 * 5 + 8 + 8 * (erosions.max() ?? 0)
    let perChannel = (activation == .none ? 0 : 12) + (channelsAreLast && channels > 1 ? 8 : 0)
    // Masks of all channels, and of one its prediction, their complements and borders; in the worst order of axes a word
    // holds a point.
    let masks = 8 * Mask.wordsPerRow(space[space.count - 1]) * space.dropLast().reduce(1, *)
    return points * (plane + perChannel * channels) + masks * (channels + 8) + 1 << 16
  }
}
