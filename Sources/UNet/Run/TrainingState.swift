/// Where a run is, apart from weights and moments.
struct TrainingState: Equatable {
  /// Epochs that are done.
  var epoch = 0
  /// Steps of the present epoch that are done.
  var step = 0
  /// Steps of all epochs that are done.
  var steps = 0
  /// Over the images of the present epoch: the weighted loss, and each term.
  var lossSum = 0.0
  var termSums: [Double]
  var images = 0
  /// Weights of balanced terms; nil before the first batch.
  var balance: [Double]?
  var history: [EpochRecord] = []

  init(terms: Int) { termSums = [Double](repeating: 0, count: terms) }

  /// The record of the best epoch: that of the least average Hausdorff distance of validation, the first among equals.
  var best: EpochRecord? {
    history.min { $0.validation.averageHausdorff < $1.validation.averageHausdorff }
  }

  /// Begins the next epoch.
  mutating func beginEpoch() {
    (step, lossSum, images) = (0, 0, 0)
    termSums = termSums.map { _ in 0 }
  }
}

extension TrainingState {
  /// As text, which reads back to the same numbers.
  var metadata: [(String, String)] {
    func list(_ numbers: [Double]) -> String { numbers.map(\.description).joined(separator: " ") }
    var entries = [
      ("state.epoch", "\(epoch)"), ("state.step", "\(step)"), ("state.steps", "\(steps)"),
      ("state.loss_sum", lossSum.description), ("state.term_sums", list(termSums)),
      ("state.images", "\(images)"), ("state.history", history.map(\.line).joined(separator: "\n")),
    ]
    if let balance { entries.append(("state.balance", list(balance))) }
    return entries
  }

  init(metadata: [String: String]) throws(UNetError) {
    func text(_ key: String) throws(UNetError) -> String {
      guard let text = metadata[key] else { throw UNetError(.model, "the checkpoint lacks '\(key)'") }
      return text
    }
    func invalid(_ key: String) -> UNetError { UNetError(.model, "the checkpoint's '\(key)' is invalid") }
    func count(_ key: String) throws(UNetError) -> Int {
      guard let value = Int(try text(key)), value >= 0 else { throw invalid(key) }
      return value
    }
    func list(_ key: String) throws(UNetError) -> [Double] {
      let numbers = try text(key).split(separator: " ").map { Double($0) }
      let known = numbers.compactMap { $0 }
      guard known.count == numbers.count else { throw invalid(key) }
      return known
    }
    self.init(terms: 0)
    (epoch, step, steps) = (try count("state.epoch"), try count("state.step"), try count("state.steps"))
    images = try count("state.images")
    guard let sum = Double(try text("state.loss_sum")) else { throw invalid("state.loss_sum") }
    lossSum = sum
    termSums = try list("state.term_sums")
    balance = metadata["state.balance"] == nil ? nil : try list("state.balance")
    for line in try text("state.history").split(separator: "\n") {
      guard let record = EpochRecord(line: line) else { throw invalid("state.history") }
      history.append(record)
    }
    guard history.map(\.epoch) == Array(1..<epoch + 1) else { throw invalid("state.history") }
  }
}

extension EpochRecord {
  /// Its numbers in one line.
  fileprivate var line: String {
    let numbers = [
      trainLoss, learningRate, validation.loss, validation.dice, validation.averageHausdorff,
      validation.hausdorff95, validation.hausdorff, seconds, validationSeconds, imagesPerSecond,
    ]
    return "\(epoch) \(validation.misses) " + numbers.map(\.description).joined(separator: " ")
  }

  fileprivate init?(line: Substring) {
    let parts = line.split(separator: " ")
    let numbers = parts.dropFirst(2).compactMap { Double($0) }
    guard parts.count == 12, numbers.count == 10, let epoch = Int(parts[0]), let misses = Int(parts[1]) else {
      return nil
    }
    self.init(
      epoch: epoch, trainLoss: numbers[0], learningRate: numbers[1],
      validation: ValidationRecord(
        loss: numbers[2], dice: numbers[3], averageHausdorff: numbers[4], hausdorff95: numbers[5],
        hausdorff: numbers[6], misses: misses),
      seconds: numbers[7], validationSeconds: numbers[8], imagesPerSecond: numbers[9])
  }
}
