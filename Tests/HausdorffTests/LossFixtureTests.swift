import Foundation
import Testing

@testable import Hausdorff

/// Losses and gradients that MONAI and kornia gave, recorded by `Fixtures/record_losses.py`.
struct LossFixtureTests {
  struct Recording: Decodable {
    let cases: [Case]
  }

  struct Case: Decodable, CustomTestStringConvertible {
    struct Options: Decodable {
      let alpha: Double
      let log: Bool
      let iterations: Int
      let reduction: String
    }
    let name, library, loss: String
    let options: Options
    let shape: [Int]
    let truth: [UInt8]
    let prediction: [Float]
    let value: Double
    let gradient: [Double]

    var testDescription: String { "\(library) \(loss), \(name)" }
  }

  private static let cases = Result {
    let file = try #require(
      Bundle.module.url(forResource: "losses", withExtension: "json", subdirectory: "Fixtures"))
    return try JSONDecoder().decode(Recording.self, from: Data(contentsOf: file)).cases
  }

  @Test func `there are cases of every kind`() throws {
    let cases = try Self.cases.get()
    for library in ["monai", "kornia"] {
      for rank in [3, 4] {
        #expect(cases.contains { $0.library == library && $0.shape.count == rank }, "\(library) \(rank)")
      }
    }
    #expect(cases.contains { $0.options.log } && cases.contains { $0.options.reduction == "sum" })
  }

  @Test func `values and gradients are those of MONAI and kornia`() throws {
    for recorded in try Self.cases.get() {
      let options = recorded.options
      let kind: LossTerm.Kind =
        recorded.loss == "hausdorff_dt"
        ? .hausdorffDistanceTransform(alpha: options.alpha, log: options.log)
        : .hausdorffErosion(alpha: options.alpha, iterations: options.iterations)
      let space = Array(recorded.shape.dropFirst())
      let points = space.reduce(1, *)
      var function = LossFunction(terms: [LossTerm(kind)], spacing: space.map { _ in 1 })
      function.reduction = try #require(Reduction(rawValue: options.reduction))
      let truth = try (0..<recorded.shape[0]).map { item in
        try Mask(
          shape: space,
          elements: recorded.truth.span.extracting(item * points..<(item + 1) * points).bytes, type: .uint8)
      }
      var gradient = [Float](repeating: .nan, count: recorded.prediction.count)
      var slopes = gradient.mutableSpan
      let value = try function.evaluate(
        truth: truth, prediction: recorded.prediction.span, channels: 1, gradient: &slopes)
      let largest = recorded.gradient.map(abs).max() ?? 0
      let worst = zip(gradient, recorded.gradient).map { abs(Double($0) - $1) }.max() ?? .nan
      let comment: Comment =
        "\(recorded.testDescription): \(value.loss ?? .nan), not \(recorded.value); \(worst) of \(largest)"
      #expect(abs((value.loss ?? .nan) - recorded.value) <= 1e-5 * abs(recorded.value), comment)
      #expect(worst <= 1e-5 * largest, comment)
      #expect(gradient.count == recorded.gradient.count && largest > 0)
    }
  }
}
