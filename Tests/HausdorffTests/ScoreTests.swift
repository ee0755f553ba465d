import Testing

@testable import Hausdorff

@Suite struct ScoreTests {
  static let spacings: [[Double]] = [[1, 1, 1], [0.75, 0.75, 0.75], [2.5, 0.7, 1.3], [3, 1, 1]]

  static func metrics(_ names: String...) throws -> [Metric] {
    try names.map { try #require(Metric(name: $0)) }
  }

  @Test(arguments: Distance.allCases, spacings)
  func `random masks score as the definition says`(distance: Distance, spacing: [Double]) throws {
    var random = SeededGenerator(state: 7)
    let names = [
      "average_hausdorff", "average_hausdorff_pred_to_true", "average_hausdorff_true_to_pred",
      "hausdorff", "hausdorff_pred_to_true", "hausdorff_true_to_pred",
      "balanced_average_hausdorff",
      "average_surface_distance", "average_surface_distance_pred_to_true",
      "average_surface_distance_true_to_pred", "mean_average_surface_distance", "surface_dice", "dice", "iou",
    ]
    let percents = [95, 50, 0, 100, 97.5, 12.25]
    let percentileNames = percents.flatMap { percent in
      ["", "_pred_to_true", "_true_to_pred"].map { "hausdorff_\(percent)\($0)" }
    }
    let metrics = try (names + percentileNames).map { try #require(Metric(name: $0)) }
    for round in 0..<200 {
      let volume = round % 2 == 1
      let limit = volume ? 9 : 24
      // Now and then wider than a word, or a thin strip that is measured with its axes exchanged.
      var shape = (0..<(volume ? 3 : 2)).map { _ in Int.random(in: 1...limit, using: &random) }
      if round % 10 == 4 { shape[shape.count - 1] = Int.random(in: 60...140, using: &random) }
      if round % 10 == 7 { shape[0] = Int.random(in: 40...70, using: &random) }
      var densities = [0.02, 0.2, 0.5, 0.9]
      densities.shuffle(using: &random)
      var truth = Mask.noise(shape, density: densities[0], using: &random)
      var prediction = Mask.noise(shape, density: densities[1], using: &random)
      truth[0, 0] = true
      prediction[prediction.rows - 1, prediction.columns - 1] = true
      let spacing = Array(spacing.prefix(shape.count))
      let oracle = Oracle(spacing: spacing, distance: distance)
      let forward = oracle.distances(from: prediction.points, to: truth.points)
      let backward = oracle.distances(from: truth.points, to: prediction.points)
      let (maxForward, maxBackward) = (forward.max() ?? 0, backward.max() ?? 0)
      let edgeForward = oracle.boundaryDistances(from: prediction, to: truth)
      let edgeBackward = oracle.boundaryDistances(from: truth, to: prediction)
      // None of the spacings makes a distance that is one of these, but for 0, where rounding would decide.
      let tolerance = [0, 0.35, 1.05, 2.55, 4.05][round % 5]
      let (inTruth, inPrediction) = (Set(truth.points), Set(prediction.points))
      let both = Double(inTruth.intersection(inPrediction).count)
      let edges = edgeForward + edgeBackward
      var expected = [
        (forward.mean + backward.mean) / 2, forward.mean, backward.mean,
        max(maxForward, maxBackward), maxForward, maxBackward,
      ]
      expected.append((forward.sum + backward.sum) / Double(2 * inTruth.count))
      expected += [
        edges.mean, edgeForward.mean, edgeBackward.mean, (edgeForward.mean + edgeBackward.mean) / 2,
      ]
      expected.append(Double(edges.count { $0 <= tolerance }) / Double(edges.count))
      expected.append(2 * both / Double(inTruth.count + inPrediction.count))
      expected.append(both / Double(inTruth.union(inPrediction).count))
      for percent in percents {
        let there = Oracle.percentile(percent, of: edgeForward)
        let back = Oracle.percentile(percent, of: edgeBackward)
        expected += [max(there, back), there, back]
      }
      #expect(expected.count == metrics.count)
      let options = ScoreOptions(
        metrics: metrics, distance: distance, spacing: spacing, tolerance: tolerance)
      let score = try Score(truth: truth, prediction: prediction, options: options)
      #expect(score.empty == nil)
      for (index, metric) in metrics.enumerated() {
        let value = try #require(score.values[index])
        #expect(agree(value, expected[index]), "\(metric.name) of \(shape), round \(round)")
      }
    }
  }

  @Test func `MONAI takes a percentile of 0 for none`() throws {
    var random = SeededGenerator(state: 8)
    let (truth, prediction) = (
      Mask.noise([9, 12], density: 0.3, using: &random), Mask.noise([9, 12], density: 0.3, using: &random)
    )
    for suffix in ["", "_pred_to_true"] {
      let metrics = ["hausdorff_0", "hausdorff"].map { Metric(name: $0 + suffix, convention: .monai)! }
      let score = try Score(
        truth: truth, prediction: prediction, options: ScoreOptions(metrics: metrics, spacing: [1, 1]))
      #expect(score.values[0] == score.values[1] && score.values[0]! > 1)
    }
  }

  @Test func `equal masks score zero and full overlap`() throws {
    var random = SeededGenerator(state: 1)
    let mask = Mask.noise([50, 70], density: 0.3, using: &random)
    let options = ScoreOptions(
      metrics: try Self.metrics("average_hausdorff", "hausdorff", "hausdorff_95", "dice", "iou"),
      spacing: [1, 1])
    #expect(try Score(truth: mask, prediction: mask, options: options).values == [0, 0, 0, 1, 1])
  }

  @Test func `undirected scores do not depend on the order of the masks`() throws {
    var random = SeededGenerator(state: 2)
    let options = ScoreOptions(
      metrics: try Self.metrics("average_hausdorff", "hausdorff", "hausdorff_95", "dice", "iou"),
      spacing: [1.5, 1])
    for _ in 0..<20 {
      let first = Mask.noise([33, 90], density: 0.01, using: &random)
      let second = Mask.noise([33, 90], density: 0.2, using: &random)
      let there = try Score(truth: first, prediction: second, options: options)
      let back = try Score(truth: second, prediction: first, options: options)
      #expect(zip(there.values, back.values).allSatisfy { agree($0 ?? -1, $1 ?? -2) })
    }
  }

  @Test(arguments: [3.0, 250, 254, 255, 256, 300, 1000])
  func `two points score their distance, however far`(gap: Double) throws {
    let width = Int(gap) + 1
    let truth = Mask([3, width]) { $0 == [1, 0] }
    let prediction = Mask([3, width]) { $0 == [1, width - 1] }
    let options = ScoreOptions(metrics: try Self.metrics("average_hausdorff", "hausdorff"), spacing: [1, 1])
    #expect(try Score(truth: truth, prediction: prediction, options: options).values == [gap, gap])
  }

  @Test func `a shifted square scores what geometry says`() throws {
    // The left two columns of the true square and the right two of the predicted one stick out, by 1 and 2.
    let truth = Mask([40, 40]) { (10..<20).contains($0[0]) && (10..<20).contains($0[1]) }
    let prediction = Mask([40, 40]) { (10..<20).contains($0[0]) && (12..<22).contains($0[1]) }
    let score = try Score(
      truth: truth, prediction: prediction, options: ScoreOptions(spacing: [1, 1]))
    #expect(score.values == [(1 + 2) * 10 / 100])
  }

  @Test func `a strip of 70,000 rows is measured along its length`() throws {
    let truth = Mask([70_000, 1]) { $0[0] == 0 }
    let prediction = Mask([70_000, 1]) { $0[0] == 69_999 }
    let score = try Score(
      truth: truth, prediction: prediction, options: ScoreOptions(spacing: [2, 1]))
    #expect(score.values == [139_998])
  }

  @Test(arguments: [46_300, 46_336, 46_337, 46_341, 46_345], [0, 1, 2])
  func `distances beyond 32 bits' squares are exact along every axis`(extent: Int, axis: Int) throws {
    var shape = [1, 1, 1]
    shape[axis] = extent
    shape[(axis + 1) % 3] = 33
    let truth = Mask(shape) { index in index[axis] == 0 }
    let prediction = Mask(shape) { index in index[axis] == extent - 1 }
    let options = ScoreOptions(
      metrics: try Self.metrics("average_hausdorff", "hausdorff"), spacing: [1, 1, 1])
    let farthest = Double(extent - 1)
    #expect(try Score(truth: truth, prediction: prediction, options: options).values == [farthest, farthest])
  }
}
