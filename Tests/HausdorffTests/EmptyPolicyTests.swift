import Testing

@testable import Hausdorff

@Suite struct EmptyPolicyTests {
  static let table: [(EmptyPolicy, distance: [Double?], overlap: [Double?])] = [
    (.zero, [0, 0, 0], [0, 0, 1]),
    (.diagonal, [5, 5, 0], [0, 0, 1]),
    (.infinity, [.infinity, .infinity, 0], [0, 0, 1]),
    (.nan, [.nan, .nan, .nan], [.nan, .nan, .nan]),
    (.skip, [nil, nil, nil], [nil, nil, nil]),
    (.error, [nil, nil, nil], [nil, nil, nil]),
  ]

  @Test(arguments: table)
  func `each policy answers as documented`(
    policy: EmptyPolicy, distance: [Double?], overlap: [Double?]
  ) throws {
    let full = Mask([4, 5]) { _ in true }
    let none = Mask(emptyWithShape: [4, 5])
    let names = ["average_hausdorff", "hausdorff_95", "hausdorff_pred_to_true", "dice", "iou"]
    let options = ScoreOptions(
      metrics: try names.map { try #require(Metric(name: $0)) }, spacing: [1, 1], empty: policy)
    let pairs = [(none, full, EmptySide.truth), (full, none, .prediction), (none, none, .both)]
    for (index, (truth, prediction, side)) in pairs.enumerated() {
      let score = try Score(truth: truth, prediction: prediction, options: options)
      #expect(score.empty == side)
      for (value, metric) in zip(score.values, options.metrics) {
        let expected = metric.isDistance ? distance[index] : overlap[index]
        #expect(value == expected || (value?.isNaN == true && expected?.isNaN == true))
      }
    }
  }

  @Test(arguments: [(Distance.euclidean, 41.0.squareRoot()), (.manhattan, 9), (.chebyshev, 5)])
  func `the diagonal is measured in the chosen distance and spacing`(distance: Distance, length: Double)
    throws
  {
    let options = ScoreOptions(distance: distance, spacing: [5, 2], empty: .diagonal)
    let score = try Score(
      truth: Mask(emptyWithShape: [2, 3]), prediction: Mask([2, 3]) { _ in true }, options: options)
    #expect(score.values == [length])
  }
}
