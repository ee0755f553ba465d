import Glibc
import Testing

@testable import Hausdorff

/// Losses and their gradients against the formulas in float64 and their central differences.
@Suite struct LossTests {
  static let kinds: [LossTerm.Kind] = [
    .softHausdorff(), .softHausdorff(alpha: 1), .softHausdorff(alpha: 1.5), .softAverageHausdorff,
    .hausdorffDistanceTransform(), .hausdorffDistanceTransform(alpha: 1),
    .hausdorffDistanceTransform(alpha: 0.5),
    .hausdorffDistanceTransform(oneSided: true), .hausdorffDistanceTransform(alpha: 3, oneSided: true),
    .hausdorffDistanceTransform(log: true), .hausdorffErosion(), .hausdorffErosion(alpha: 1, iterations: 3),
    .boundary,
    .dice, .crossEntropy, .focal(), .focal(gamma: 1, balance: 0.25), .focal(gamma: 3.5, balance: 0.8),
  ]
  static let grids: [(shape: [Int], spacing: [Double], distance: Distance)] = [
    ([7, 9], [1, 1], .euclidean), ([6, 11], [0.5, 2], .euclidean), ([3, 70], [1, 1], .manhattan),
    ([4, 5, 6], [1, 1, 1], .euclidean), ([3, 7, 5], [2, 0.75, 1], .chebyshev), ([1, 1], [1, 1], .euclidean),
  ]

  /// A blob and what a network could have made of it: errors in places, and some of them grave.
  private func item(
    _ shape: [Int], _ random: inout SeededGenerator
  ) -> (truth: [Bool], probabilities: [Float]) {
    let columns = shape[shape.count - 1]
    let count = shape.reduce(1, *)
    let (start, end) = (
      Int.random(in: 0...columns / 2, using: &random), Int.random(in: columns / 2...columns, using: &random)
    )
    let truth = (0..<count).map { (start..<end).contains($0 % columns) }
    let probabilities = truth.indices.map { i in
      let isWrong = i % columns < columns / 3 && i < count * 2 / 3
      let right = Float.random(in: 0.02...0.45, using: &random)
      let wrong = Float.random(in: 0.8...0.99, using: &random)
      let error = isWrong ? wrong : right
      return truth[i] ? 1 - error : error
    }
    return (truth, probabilities)
  }

  private func mask(_ values: [Bool], _ shape: [Int]) throws -> Mask {
    try Mask(shape: shape, elements: values.map { UInt8($0 ? 1 : 0) }.span.bytes, type: .uint8)
  }

  private func evaluate(
    _ function: LossFunction, _ truth: [Mask], _ prediction: [Float], channels: Int
  ) throws -> (value: LossValue, gradient: [Float]) {
    var gradient = [Float](repeating: .nan, count: prediction.count)
    var span = gradient.mutableSpan
    let value = try function.evaluate(
      truth: truth, prediction: prediction.span, channels: channels, gradient: &span)
    return (value, gradient)
  }

  @Test(arguments: kinds, grids.indices)
  func `values and gradients are those of the formula`(_ kind: LossTerm.Kind, _ grid: Int) throws {
    var random = SeededGenerator(state: UInt64(grid + 1))
    for activation in [Activation.none, .sigmoid] {
      for reduction in [Reduction.mean, .sum] {
        var items = (0..<3).map { _ in item(Self.grids[grid].shape, &random) }
        items[1].truth = items[1].truth.map { _ in false }  // empty
        try expectFormula(kind, Self.grids[grid], items, activation, reduction)
      }
    }
  }

  @Test(arguments: kinds, [0, 3])
  func `masks that are empty, full or one point have the formula's value and gradient`(
    _ kind: LossTerm.Kind, _ grid: Int
  ) throws {
    let shape = Self.grids[grid].shape
    let count = shape.reduce(1, *)
    var random = SeededGenerator(state: 9)
    let masks = [{ _ in false }, { _ in true }, { $0 == count / 2 }] as [(Int) -> Bool]
    var items: [(truth: [Bool], probabilities: [Float])] = []
    for truth in masks {
      for prediction in masks {
        let p = (0..<count).map { point in
          let low = Float.random(in: 0.01...0.4, using: &random)
          return prediction(point) ? 1 - low : low
        }
        items.append(((0..<count).map(truth), p))
      }
    }
    for item in items { try expectFormula(kind, Self.grids[grid], [item], .none, .mean) }
    try expectFormula(kind, Self.grids[grid], items, .sigmoid, .mean)
  }

  @Test(arguments: kinds, [8, 12, 17, 30] as [Float])
  func `the more certain logits are, the smaller the loss where they are right, to all its digits`(
    _ kind: LossTerm.Kind, _ size: Float
  ) throws {
    let grid = Self.grids[0]
    let count = grid.shape.reduce(1, *)
    var random = SeededGenerator(state: UInt64(size))
    let truth = (0..<count).map { $0 % 9 < 4 }
    let right = truth.map { ($0 ? 1 : -1) * (size + Float.random(in: 0...0.5, using: &random)) }
    try expectFormula(kind, grid, [truth], right, .sigmoid, .mean)
    // Some as wrong as can be.
    let wrong = right.enumerated().map { $0 % 9 == 7 || $0 / 9 == 2 ? -$1 : $1 }
    try expectFormula(kind, grid, [truth], wrong, .sigmoid, .mean)
  }

  @Test(arguments: [LossTerm.Kind.crossEntropy, .focal(gamma: 1)], [88, 100, 200, 1000] as [Float])
  func `the loss of a wrong logit grows with it without end`(_ kind: LossTerm.Kind, _ size: Float) throws {
    let truth = try mask([true, false], [1, 2])
    for activation in [Activation.sigmoid, .softmax] {
      var function = LossFunction(terms: [LossTerm(kind)], spacing: [1, 1])
      (function.activation, function.includesBackground) = (activation, true)
      // Two channels that both say the wrong thing by so much, with their sum left alone.
      let logits: [Float] =
        activation == .sigmoid ? [-size, size] : [size / 2, -size / 2, -size / 2, size / 2]
      let masks = activation == .sigmoid ? [truth] : [try mask([false, true], [1, 2]), truth]
      let (value, gradient) = try evaluate(
        function, masks, logits, channels: activation == .sigmoid ? 1 : 2)
      #expect(abs(value.loss! - Double(size)) <= 1e-6 * Double(size), "\(activation)")
      // Each point has half of the mean's weight, and a softmax moves both channels' losses.
      let slope: Float = 0.5
      let expected = activation == .sigmoid ? [-slope, slope] : [slope, -slope, -slope, slope]
      #expect(zip(gradient, expected).allSatisfy { abs($0 - $1) <= 1e-5 }, "\(activation) \(gradient)")
    }
  }

  @Test(arguments: kinds) func `probabilities of 0 and 1 and close to them keep the digits of what is left`(
    _ kind: LossTerm.Kind
  ) throws {
    let count = 63
    let truth = (0..<count).map { $0 % 9 < 4 }
    for error in [0, 1e-8, 1e-6, 1e-5, 1e-4] as [Float] {
      let p = truth.map { $0 ? 1 - error : error }
      try expectFormula(kind, Self.grids[0], [truth], p, .none, .mean, checksGradient: false)
    }
  }

  /// That value and gradient of a batch are the oracle's.
  private func expectFormula(
    _ kind: LossTerm.Kind, _ grid: (shape: [Int], spacing: [Double], distance: Distance),
    _ items: [(truth: [Bool], probabilities: [Float])], _ activation: Activation, _ reduction: Reduction
  ) throws {
    let inputs = items.flatMap { item in
      item.probabilities.map { activation == .none ? $0 : Float(log(Double($0) / (1 - Double($0)))) }
    }
    try expectFormula(kind, grid, items.map(\.truth), inputs, activation, reduction)
  }

  private func expectFormula(
    _ kind: LossTerm.Kind, _ grid: (shape: [Int], spacing: [Double], distance: Distance), _ truth: [[Bool]],
    _ inputs: [Float], _ activation: Activation, _ reduction: Reduction, checksGradient: Bool = true
  ) throws {
    let (shape, spacing, distance) = grid
    var function = LossFunction(terms: [LossTerm(kind, weight: 0.75)], spacing: spacing)
    (function.activation, function.distance, function.reduction) = (activation, distance, reduction)
    let (value, gradient) = try evaluate(function, truth.map { try mask($0, shape) }, inputs, channels: 1)

    let count = shape.reduce(1, *)
    let oracles = truth.enumerated().map { index, truth in
      LossOracle(
        shape: shape, spacing: spacing, distance: distance, g: truth,
        mask: inputs[index * count..<(index + 1) * count].map { $0 > (activation == .none ? 0.5 : 0) })
    }
    func loss(_ inputs: [Double]) -> Double {
      let p = activation == .none ? inputs : inputs.map { 1 / (1 + exp(-$0)) }
      let q = activation == .none ? nil : inputs.map { 1 / (1 + exp($0)) }
      let values = oracles.enumerated().map { index, oracle in
        let range = index * count..<(index + 1) * count
        return oracle.value(kind, Array(p[range]), q: q.map { Array($0[range]) })
      }
      let reduced = values.reduce(0, +) / (reduction == .mean ? Double(truth.count) : 1)
      if case .hausdorffDistanceTransform(_, _, log: true) = kind { return 0.75 * log1p(reduced) }
      return 0.75 * reduced
    }
    let exact = inputs.map(Double.init)
    let expected = loss(exact)
    let comment: Comment = "\(activation) \(reduction)"
    // The last part is what float32 cannot hold.
    #expect(abs((value.loss ?? .nan) - expected) <= 1e-5 * abs(expected) + 1e-38, comment)
    guard checksGradient else { return }
    let slopes = exact.indices.map { i in
      var moved = exact
      moved[i] = exact[i] + 1e-5
      let above = loss(moved)
      moved[i] = exact[i] - 1e-5
      return (above - loss(moved)) / 2e-5
    }
    let largest = slopes.map(abs).max()!
    let worst = zip(slopes, gradient).map { abs($0 - Double($1)) }.max()!
    // The second part is for derivatives that are 0 by cancellation.
    #expect(worst <= 1e-5 * largest + 1e-8 * abs(expected) + 1e-38, "\(comment): \(worst) of \(largest)")
  }

  @Test(arguments: [Activation.sigmoid, .softmax], [false, true])
  func `channels are coupled by softmax and summed over otherwise`(
    _ activation: Activation, _ includesBackground: Bool
  ) throws {
    let (shape, channels, batch) = ([5, 7], 3, 2)
    let count = 35
    var random = SeededGenerator(state: 5)
    let labels = (0..<batch * count).map { _ in Int.random(in: 0..<channels, using: &random) }
    // One channel is as good as certain, so that 1 − p has few digits of its own.
    let logits = (0..<batch * channels * count).map { index in
      index % 11 == 0 ? Float(17) : Float.random(in: -3...3, using: &random)
    }
    let kinds: [LossTerm.Kind] = [.crossEntropy, .focal(), .dice, .hausdorffDistanceTransform()]
    var function = LossFunction(
      terms: zip(kinds, [1, 0.5, 2, 0.125]).map { LossTerm($0, weight: $1) }, spacing: [1, 1])
    (function.activation, function.includesBackground) = (activation, includesBackground)
    let scored = function.scoredChannels(of: channels)
    #expect(scored == (includesBackground ? 0..<3 : 1..<3))

    /// p and 1 − p.
    func probabilities(_ z: [Double]) -> (p: [Double], q: [Double]) {
      guard activation == .softmax else {
        return (z.map { 1 / (1 + exp(-$0)) }, z.map { 1 / (1 + exp($0)) })
      }
      let shares = z.indices.map { index in
        let (item, own, point) = (index / (channels * count), index / count % channels, index % count)
        let all = (0..<channels).map { exp(z[(item * channels + $0) * count + point]) }
        let others = (0..<channels).reduce(0) { $1 == own ? $0 : $0 + all[$1] }
        return (all[own] / (all[own] + others), others / (all[own] + others))
      }
      return (shares.map(\.0), shares.map(\.1))
    }
    let exact = logits.map(Double.init)
    let base = probabilities(exact).p
    let planes = (0..<batch).flatMap { item in scored.map { (item, $0) } }
    let truth = planes.map { item, channel in (0..<count).map { labels[item * count + $0] == channel } }
    let oracles = zip(planes, truth).map { plane, truth in
      let start = (plane.0 * channels + plane.1) * count
      return (
        start,
        LossOracle(
          shape: shape, spacing: [1, 1], distance: .euclidean, g: truth,
          mask: base[start..<start + count].map { $0 > 0.5 })
      )
    }
    func loss(_ z: [Double]) -> Double {
      let (p, q) = probabilities(z)
      return zip(kinds, function.terms).reduce(0) { sum, term in
        let values = oracles.map { start, oracle in
          let range = start..<start + count
          return oracle.value(term.0, Array(p[range]), q: Array(q[range]))
        }
        return sum + term.1.weight * values.reduce(0, +) / Double(planes.count)
      }
    }
    let (value, gradient) = try evaluate(
      function, truth.map { try mask($0, shape) }, logits, channels: channels)
    #expect(abs(value.loss! - loss(exact)) <= 1e-5 * abs(loss(exact)))
    #expect(
      value.items.map { [$0.item, $0.channel] } == (0..<batch).flatMap { item in scored.map { [item, $0] } })
    for i in exact.indices {
      var moved = exact
      moved[i] = exact[i] + 1e-5
      let above = loss(moved)
      moved[i] = exact[i] - 1e-5
      let slope = (above - loss(moved)) / 2e-5
      #expect(abs(slope - Double(gradient[i])) < 1e-5, "\(i): \(slope), not \(gradient[i])")
    }
  }

  @Test func `on binary predictions the soft average Hausdorff is the exact one`() throws {
    var random = SeededGenerator(state: 8)
    for shape in [[17, 90], [9, 12, 20], [300, 5]] {
      let spacing = shape.indices.map { 0.5 + Double($0) }
      for (truthDensity, density) in [(0.3, 0.3), (0.01, 0.2), (0.2, 0), (0, 0.2), (0, 0)] {
        let truth = Mask.noise(shape, density: truthDensity, using: &random)
        let prediction = Mask.noise(shape, density: density, using: &random)
        let p = (0..<truth.rows).flatMap { row in
          (0..<truth.columns).map { prediction[row, $0] ? Float(1) : 0 }
        }
        let function = LossFunction(terms: [LossTerm(.softAverageHausdorff)], spacing: spacing)
        let soft = try function.evaluate(truth: [truth], prediction: p.span, channels: 1)
        let options = ScoreOptions(spacing: spacing, empty: .diagonal)
        let exact = try Score(truth: truth, prediction: prediction, options: options).values[0]!
        // Without a truth, each predicted point counts.
        guard truthDensity > 0 else {
          let share = Double(prediction.count) / Double(p.count)
          #expect(abs(soft.loss! - share * (density > 0 ? exact : 0)) <= 1e-6 * exact)
          continue
        }
        #expect(abs(soft.loss! - exact) <= 1e-6 * exact, "\(shape) \(truthDensity) \(density)")
      }
    }
  }

  @Test func `terms that share distance maps are what they are alone`() throws {
    var random = SeededGenerator(state: 4)
    let items = (0..<3).map { _ in item([16, 40], &random) }
    let truth = try items.map { try mask($0.truth, [16, 40]) }
    let p = items.flatMap(\.probabilities)
    let kinds = Self.kinds + [.score(.averageHausdorff), .softAverageHausdorff, .boundary]
    let alone = try kinds.map { kind in
      try LossFunction(terms: [LossTerm(kind)], spacing: [1, 2]).evaluate(
        truth: truth, prediction: p.span, channels: 1
      )
      .terms[0]
    }
    for order in [Array(kinds.indices), kinds.indices.reversed()] {
      let function = LossFunction(
        terms: order.map { LossTerm(kinds[$0], weight: Double($0)) }, spacing: [1, 2])
      let together = try function.evaluate(truth: truth, prediction: p.span, channels: 1)
      #expect(together.terms == order.map { alone[$0] })
      let sum = order.reduce(0) { $0 + Double($1) * alone[$1]! }
      #expect(abs(together.loss! - sum) <= 1e-12 * sum)
    }
  }

  @Test func `what cannot be is refused with its place`() throws {
    let truth = try mask([Bool](repeating: true, count: 12), [3, 4])
    var function = LossFunction(terms: [LossTerm(.dice)], spacing: [1, 1])
    for value in [-0.001, 1.001, .nan, .infinity] as [Float] {
      var p = [Float](repeating: 0.5, count: 24)
      p[17] = value
      let error = #expect(throws: LossError.self) {
        try function.evaluate(truth: [truth, truth], prediction: p.span, channels: 1)
      }
      #expect(error == .unfit(item: 1, channel: 0, point: 5))
    }
    function.activation = .sigmoid
    _ = try function.evaluate(
      truth: [truth], prediction: [Float](repeating: 1e30, count: 12).span, channels: 1)
    #expect(throws: LossError.unfit(item: 0, channel: 0, point: 0)) {
      try function.evaluate(
        truth: [truth], prediction: [Float](repeating: -.infinity, count: 12).span, channels: 1)
    }
    for term in [LossTerm(.score(.averageHausdorff)), LossTerm(.softHausdorff(binarize: true))] {
      function.terms = [LossTerm(.dice), term]
      #expect(throws: LossError.noGradient(term: term.name)) {
        try evaluate(function, [truth], [Float](repeating: 0, count: 12), channels: 1)
      }
      #expect(throws: Never.self) {
        try function.evaluate(truth: [truth], prediction: [Float](repeating: 0, count: 12).span, channels: 1)
      }
    }
  }

  @Test func `without reduction the items stand for themselves, and the gradient is that of their sum`()
    throws
  {
    var random = SeededGenerator(state: 3)
    let items = (0..<3).map { _ in item([6, 8], &random) }
    let truth = try items.map { try mask($0.truth, [6, 8]) }
    var function = LossFunction(terms: [LossTerm(.hausdorffDistanceTransform())], spacing: [1, 1])
    function.reduction = .none
    let (value, gradient) = try evaluate(function, truth, items.flatMap(\.probabilities), channels: 1)
    #expect(value.loss == nil && value.terms == [nil] && value.items.count == 3)
    function.reduction = .sum
    let (sum, same) = try evaluate(function, truth, items.flatMap(\.probabilities), channels: 1)
    #expect(
      gradient == same && abs(sum.loss! - value.items.reduce(0) { $0 + $1.values[0]! }) < 1e-12 * sum.loss!)
  }

  @Test func `without reduction each item has its own logarithm`() throws {
    var random = SeededGenerator(state: 6)
    let items = (0..<3).map { _ in item([6, 8], &random) }
    let truth = try items.map { try mask($0.truth, [6, 8]) }
    let p = items.flatMap(\.probabilities)
    var function = LossFunction(terms: [LossTerm(.hausdorffDistanceTransform(log: true))], spacing: [1, 1])
    function.reduction = .none
    let (value, gradient) = try evaluate(function, truth, p, channels: 1)
    for index in 0..<3 {
      function.reduction = .mean
      let (alone, slopes) = try evaluate(function, [truth[index]], items[index].probabilities, channels: 1)
      #expect(abs(value.items[index].values[0]! - alone.loss!) <= 1e-7 * alone.loss!)
      let largest = slopes.map(abs).max()!
      for (a, b) in zip(slopes, gradient[index * 48..<(index + 1) * 48]) {
        #expect(abs(a - b) <= 1e-6 * largest)
      }
    }
  }

  @Test(arguments: [Activation.none, .softmax])
  func `channels may come last`(_ activation: Activation) throws {
    let (batch, channels, count) = (2, 3, 35)
    var random = SeededGenerator(state: 7)
    let first = (0..<batch * channels * count).map { _ in Float.random(in: 0...1, using: &random) }
    let truth = (0..<batch * 2).map { _ in Mask.noise([5, 7], density: 0.3, using: &random) }
    func last(_ planes: [Float]) -> [Float] {
      (0..<batch * count * channels).map { index in
        let (item, point, channel) = (index / (count * channels), index / channels % count, index % channels)
        return planes[(item * channels + channel) * count + point]
      }
    }
    var function = LossFunction(
      terms: [LossTerm(.hausdorffDistanceTransform()), LossTerm(.crossEntropy)], spacing: [1, 1])
    function.activation = activation
    let (value, gradient) = try evaluate(function, truth, first, channels: channels)
    function.channelsAreLast = true
    let (same, turned) = try evaluate(function, truth, last(first), channels: channels)
    #expect(value.items == same.items && value.loss == same.loss && turned == last(gradient))
    let alone = try function.evaluate(truth: truth, prediction: last(first).span, channels: channels)
    #expect(abs(alone.loss! - value.loss!) <= 1e-7 * value.loss!)
    var wrong = last(first)
    wrong[(count + 4) * channels + 2] = .nan
    #expect(throws: LossError.unfit(item: 1, channel: 2, point: 4)) {
      try function.evaluate(truth: truth, prediction: wrong.span, channels: channels)
    }
  }

  @Test func `a weight of 0 tells a value and leaves the loss and the gradient alone`() throws {
    let truth = try mask((0..<48).map { $0 % 8 < 3 }, [6, 8])
    let p = (0..<48).map { Float($0 % 7) / 7 }
    let alone = try evaluate(
      LossFunction(terms: [LossTerm(.dice)], spacing: [1, 1]), [truth], p, channels: 1)
    let metric = try #require(Metric(name: "hausdorff_true_to_pred"))
    var function = LossFunction(
      terms: [LossTerm(.dice), LossTerm(.score(metric), weight: 0)], spacing: [1, 1])
    function.empty = .infinity
    for threshold in [0.5, 1] {
      function.threshold = threshold
      let (value, gradient) = try evaluate(function, [truth], p, channels: 1)
      #expect(value.loss == alone.value.loss && gradient == alone.gradient)
      #expect(
        value.terms[1]?.isInfinite == (threshold == 1)
          && value.items[0].empty == (threshold == 1 ? .prediction : nil))
    }
  }

  @Test func `what an exact score leaves out is not reduced over`() throws {
    let truth = try [3, 0].map { count in try mask((0..<12).map { $0 < count }, [3, 4]) }
    let p = [Float](repeating: 1, count: 24)
    var function = LossFunction(terms: [LossTerm(.score(.averageHausdorff))], spacing: [1, 1])
    function.empty = .skip
    let value = try function.evaluate(truth: truth, prediction: p.span, channels: 1)
    #expect(value.items[1].values == [nil] && value.loss == value.items[0].values[0])
  }

  @Test func `derivatives beyond float32 are refused`() throws {
    let truth = try mask((0..<4).map { $0 == 0 }, [2, 2])
    let function = LossFunction(
      terms: [LossTerm(.hausdorffDistanceTransform(alpha: 10), weight: 1e6)], spacing: [1e6, 1e6])
    #expect(throws: LossError.overflows(item: 0)) {
      try evaluate(function, [truth], [0.1, 0.2, 0.9, 0.9], channels: 1)
    }
  }

  @Test func `an evaluation that leaves items out is stopped`() throws {
    let truth = try mask((0..<4).map { $0 == 0 }, [2, 2])
    let function = LossFunction(terms: [LossTerm(.dice)], spacing: [1, 1])
    #expect(throws: LossError.stopped) {
      try function.evaluate(
        batch: 2, truth: { _ in [truth] }, prediction: [Float](repeating: 0, count: 8).span, channels: 1,
        perform: { _, each in each(0) })
    }
    #expect(throws: LossError.outOfMemory) {
      try function.evaluate(
        batch: 2, truth: { (_) throws(LossError) in throw .outOfMemory },
        prediction: [Float](repeating: 0, count: 8).span, channels: 1)
    }
  }
}
