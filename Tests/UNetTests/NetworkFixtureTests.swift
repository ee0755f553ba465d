import Foundation
import Hausdorff
import Testing

@testable import UNet

/// A small U-Net as PyTorch computed it; `Fixtures/record_network.py` tells how.
struct NetworkFixture {
  var weights: Weights
  var batch: Int
  var height: Int
  var width: Int
  var images: [Float]
  var labels: [UInt8]
  var logits: [Float]
  /// By parameter; empty for what is not trained.
  var gradients: [[Float]]
  var losses: [Float]
  var logitsBehind: [Float]

  static let names = ["padded", "classes", "plain", "deep"]

  init(_ name: String) throws {
    var architecture = Architecture()
    (batch, height, width) = (2, 8, 8)
    switch name {
    case "padded":
      (architecture.levels, architecture.baseChannels, architecture.inChannels) = (2, 4, 2)
      (batch, height, width) = (3, 13, 10)
    case "classes":
      (architecture.levels, architecture.baseChannels, architecture.classes) = (1, 16, 3)
      (height, width) = (16, 12)
    case "plain":
      (architecture.levels, architecture.baseChannels, architecture.normalization) = (2, 3, .none)
    default:
      (architecture.levels, architecture.baseChannels, architecture.inChannels) = (3, 4, 5)
      (architecture.classes, height, width) = (2, 24, 16)
    }
    let folder = try #require(Bundle.module.resourceURL)
    let file = try Data(contentsOf: folder.appending(components: "Fixtures", "network_\(name).npy"))
    let start = 10 + Int(file[8]) + Int(file[9]) << 8
    var rest = file[start...].withUnsafeBytes { bytes in
      (0..<bytes.count / 4).map { bytes.loadUnaligned(fromByteOffset: 4 * $0, as: Float.self) }[...]
    }
    func take(_ count: Int) -> [Float] {
      defer { rest = rest.dropFirst(count) }
      return Array(rest.prefix(count))
    }
    let parameters = architecture.parameters
    weights = Weights(architecture: architecture, values: parameters.map { take($0.count) })
    let pixels = batch * height * width
    images = take(pixels * architecture.inChannels)
    labels = take(pixels).map { UInt8($0) }
    logits = take(pixels * architecture.classes)
    gradients = parameters.map { $0.role.isTrained ? take($0.count) : [] }
    losses = take(10)
    logitsBehind = take(pixels * architecture.classes)
    try #require(rest.isEmpty && logitsBehind.count == logits.count)
  }

  func trainer(_ precision: Precision = .f32, threads: Int = 2) throws -> Trainer {
    var options = Trainer.Options(height: height, width: width, threads: threads)
    options.batchSize = batch
    options.precision = precision
    return try Trainer(weights: weights, options: options)
  }

  var loss: LossFunction {
    var loss = LossFunction(terms: [LossTerm(.crossEntropy), LossTerm(.dice)], spacing: [1, 1])
    loss.activation = Trainer.activation(of: weights.architecture.classes)
    return loss
  }
}

/// The largest difference of two lists beside the largest magnitude of the second.
func difference(_ values: [Float], _ references: [Float]) -> Float {
  guard values.count == references.count else { return .infinity }
  let scale = references.map(abs).max() ?? 1
  return zip(values, references).map { abs($0 - $1) }.reduce(0, max) / max(scale, .leastNormalMagnitude)
}

struct NetworkFixtureTests {
  @Test(arguments: NetworkFixture.names)
  func `Logits and gradients are PyTorch's`(_ name: String) throws {
    let fixture = try NetworkFixture(name)
    let trainer = try fixture.trainer()
    let (value, logits) = try trainer.gradient(
      images: fixture.images, labels: fixture.labels, loss: fixture.loss)
    #expect(difference(logits, fixture.logits) < 1e-4)
    #expect(value.isFinite)
    for (index, parameter) in fixture.weights.architecture.parameters.enumerated()
    where parameter.role.isTrained {
      let error = difference(
        trainer.parameters.trained(trainer.parameters.gradients)[index], fixture.gradients[index])
      #expect(error < 1e-4, "\(parameter.name): \(error)")
    }
  }

  @Test(arguments: NetworkFixture.names)
  func `Ten steps of Adam have PyTorch's losses, and what they end in its logits`(_ name: String) throws {
    let fixture = try NetworkFixture(name)
    let trainer = try fixture.trainer()
    _ = try trainer.gradient(images: fixture.images, labels: fixture.labels, loss: fixture.loss)
    for (index, reference) in fixture.losses.enumerated() {
      let value = try trainer.step(
        images: fixture.images, labels: fixture.labels, loss: fixture.loss, rate: 1e-3)
      #expect(abs(value - Double(reference)) < 1e-4, "step \(index)")
    }
    let logits = try trainer.logits(images: fixture.images, batch: fixture.batch)
    #expect(difference(logits, fixture.logitsBehind) < 1e-3)
  }
}

extension Trainer {
  func step(images: [Float], labels: [UInt8], loss: LossFunction, rate: Double) throws -> Double {
    try images.withUnsafeBufferPointer { images in
      try labels.withUnsafeBufferPointer { labels in
        try step(images: images, labels: labels, loss: loss, rate: rate).loss!
      }
    }
  }

  /// The loss, and the logits in training; the gradients stay in `parameters`.
  func gradient(images: [Float], labels: [UInt8], loss: LossFunction) throws -> (Double, [Float]) {
    try images.withUnsafeBufferPointer { images in
      try labels.withUnsafeBufferPointer { labels in
        let value = try derive(images: images, labels: labels, loss: loss, dropout: 0).loss!
        return (value, Array(lastLogits(batch: labels.count / (options.height * options.width))))
      }
    }
  }

  func logits(images: [Float], batch: Int) throws -> [Float] {
    try images.withUnsafeBufferPointer { images in
      try withLogits(images: images, batch: batch) { Array($0) }
    }
  }
}
