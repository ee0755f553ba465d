import Testing

@testable import Hausdorff

/// What losses must not depend on, and how they grow with the spacing.
struct LossInvarianceTests {
  /// A volume and a prediction of it, points in C order.
  struct Item {
    var shape: [Int]
    var spacing: [Double]
    var truth: [Bool]
    var p: [Float]

    init(shape: [Int], spacing: [Double], seed: UInt64) {
      var random = SeededGenerator(state: seed)
      (self.shape, self.spacing) = (shape, spacing)
      let count = shape.reduce(1, *)
      let truth = (0..<count).map { $0 % shape[shape.count - 1] < 3 || $0 > count * 3 / 4 }
      self.truth = truth
      p = truth.indices.map { index in
        let error = Float.random(
          in: index % 5 < 2 && index < count / 2 ? 0.8...0.99 : 0.01...0.4, using: &random)
        return truth[index] ? 1 - error : error
      }
    }

    /// The points in another order: axis i of the result is axis `order[i]` of this, backwards where `flips[i]`.
    func turned(_ order: [Int], _ flips: [Bool]) -> (Item, from: [Int]) {
      var strides = [Int](repeating: 1, count: shape.count)
      for axis in shape.indices.dropLast().reversed() { strides[axis] = strides[axis + 1] * shape[axis + 1] }
      var from = [0]
      for (axis, isFlipped) in zip(order, flips) {
        from = from.flatMap { start in
          (0..<shape[axis]).map { start + (isFlipped ? shape[axis] - 1 - $0 : $0) * strides[axis] }
        }
      }
      var item = self
      (item.shape, item.spacing) = (order.map { shape[$0] }, order.map { spacing[$0] })
      (item.truth, item.p) = (from.map { truth[$0] }, from.map { p[$0] })
      return (item, from)
    }

    func loss(_ kind: LossTerm.Kind, scale: Double = 1) throws -> (value: Double, gradient: [Float]) {
      let mask = try Mask(shape: shape, elements: truth.map { UInt8($0 ? 1 : 0) }.span.bytes, type: .uint8)
      let function = LossFunction(terms: [LossTerm(kind)], spacing: spacing.map { $0 * scale })
      var gradient = [Float](repeating: .nan, count: p.count)
      var slopes = gradient.mutableSpan
      let value = try function.evaluate(truth: [mask], prediction: p.span, channels: 1, gradient: &slopes)
      return (value.loss ?? .nan, gradient)
    }
  }

  private static let items = [
    Item(shape: [9, 14], spacing: [1, 0.5], seed: 1),
    Item(shape: [5, 6, 9], spacing: [2, 1, 0.75], seed: 2),
  ]

  @Test(arguments: LossTests.kinds) func `a loss does not depend on how the picture is turned`(
    _ kind: LossTerm.Kind
  ) throws {
    for item in Self.items {
      let (value, gradient) = try item.loss(kind)
      let largest = gradient.map(abs).max()!
      let axes = Array(item.shape.indices)
      let turns = [axes, axes.reversed()].flatMap { order in
        axes.map { axis in (order, axes.map { $0 == axis }) } + [(order, axes.map { _ in false })]
      }
      for (order, flips) in turns {
        let (turned, from) = item.turned(order, flips)
        let (same, slopes) = try turned.loss(kind)
        #expect(abs(same - value) <= 1e-5 * abs(value), "\(order) \(flips)")
        let worst = zip(slopes, from).map { abs($0 - gradient[$1]) }.max()!
        #expect(worst <= 2e-5 * largest, "\(order) \(flips): \(worst) of \(largest)")
      }
    }
  }

  /// With the spacing times s, a loss is s to this power as large.
  private static let degrees: [(LossTerm.Kind, Double)] = [
    (.softHausdorff(), 0), (.softAverageHausdorff, 1), (.hausdorffDistanceTransform(), 2),
    (.hausdorffDistanceTransform(alpha: 1, oneSided: true), 1), (.hausdorffDistanceTransform(alpha: 3), 3),
    (.hausdorffErosion(), 0), (.boundary, 1), (.dice, 0), (.crossEntropy, 0), (.focal(), 0),
  ]

  @Test(arguments: degrees.indices) func `a loss grows with the spacing as its formula says`(_ index: Int)
    throws
  {
    let (kind, degree) = Self.degrees[index]
    for item in Self.items {
      let (value, gradient) = try item.loss(kind)
      let (scaled, slopes) = try item.loss(kind, scale: 4)
      let factor = Float((0..<Int(degree)).reduce(1) { product, _ in product * 4 })
      #expect(abs(scaled - value * Double(factor)) <= 1e-6 * abs(scaled))
      let largest = slopes.map(abs).max()!
      #expect(zip(gradient, slopes).allSatisfy { abs($0 * factor - $1) <= 1e-5 * largest })
    }
  }
}
