import Hausdorff

/// Sums up how a network does, image by image.
struct Validation {
  private static let metrics = [
    Metric(name: "dice")!, Metric.averageHausdorff, Metric(name: "hausdorff_95")!, Metric(name: "hausdorff")!,
  ]

  private let loss: LossFunction
  private let classes: Int
  private var lossSum = 0.0
  private var images = 0
  private var sums = [Double](repeating: 0, count: metrics.count)
  private var pairs = 0
  private var misses = 0

  init(loss: LossFunction, classes: Int) { (self.loss, self.classes) = (loss, classes) }

  /// Adds an image.
  ///
  /// - Parameters:
  ///   - logits: (classes, height, width).
  ///   - labels: (height, width).
  mutating func add(
    logits: UnsafeBufferPointer<Float>, labels: UnsafeBufferPointer<UInt8>, height: Int, width: Int
  ) throws(UNetError) {
    let counted = classes > 1 ? 1..<classes : 0..<1
    let truth = LabelMasks(labels, height: height, width: width, classes: counted, isBinary: classes == 1)
    let predicted = withUnsafeTemporaryAllocation(of: UInt8.self, capacity: labels.count) { map in
      Self.classify(logits, classes: classes, into: map)
      return LabelMasks(
        UnsafeBufferPointer(map), height: height, width: width, classes: counted, isBinary: classes == 1
      ).masks(item: 0)
    }
    let masks = truth.masks(item: 0)
    do throws(LossError) {
      let value = try loss.evaluate(
        batch: 1, truth: truth.masks, prediction: logits.span, channels: classes)
      lossSum += value.loss ?? .nan
    } catch {
      throw UNetError(error)
    }
    images += 1
    let options = ScoreOptions(metrics: Self.metrics, spacing: [1, 1], empty: .diagonal)
    for (truth, prediction) in zip(masks, predicted) {
      do throws(MaskError) {
        let score = try Score(truth: truth, prediction: prediction, options: options)
        for (index, value) in score.values.enumerated() { sums[index] += value ?? .nan }
        if score.empty == .truth || score.empty == .prediction { misses += 1 }
        pairs += 1
      } catch {
        throw UNetError(.system, "out of memory for scoring a validation image")
      }
    }
  }

  /// The most probable class of each pixel; of one class, 1 where its probability is above 0.5.
  static func classify(
    _ logits: UnsafeBufferPointer<Float>, classes: Int, into labels: UnsafeMutableBufferPointer<UInt8>
  ) {
    guard classes > 1 else {
      for index in labels.indices { labels[index] = logits[index] > 0 ? 1 : 0 }
      return
    }
    let points = labels.count
    for point in 0..<points {
      var best = 0
      for label in 1..<classes where logits[label * points + point] > logits[best * points + point] {
        best = label
      }
      labels[point] = UInt8(best)
    }
  }

  var record: ValidationRecord {
    let means = sums.map { $0 / Double(pairs) }
    return ValidationRecord(
      loss: lossSum / Double(images), dice: means[0], averageHausdorff: means[1], hausdorff95: means[2],
      hausdorff: means[3], misses: misses)
  }
}
