import Glibc
import Hausdorff
import Testing

@testable import UNet

struct NetworkTests {
  /// A small network with images that it can learn something from.
  private static func fixture(_ name: String = "padded") throws -> NetworkFixture { try NetworkFixture(name) }

  @Test(arguments: NetworkFixture.names)
  func `The whole net's derivatives are its differences`(_ name: String) throws {
    let fixture = try NetworkFixture(name)
    let (parameters, trained) = (
      fixture.weights.architecture.parameters,
      fixture.weights.architecture.parameters.indices.filter {
        fixture.weights.architecture.parameters[$0].role.isTrained
      }
    )
    let trainer = try fixture.trainer()
    _ = try trainer.gradient(images: fixture.images, labels: fixture.labels, loss: fixture.loss)
    let gradients = trainer.parameters.trained(trainer.parameters.gradients)
    var random = Random(seed: 5)
    // A direction through all parameters together along which the loss changes more than its last digits.
    let direction = gradients.map { $0.map { $0 * Float(1 + random.normal()) } }
    func loss(_ step: Float) throws -> Double {
      var moved = fixture
      let values = parameters.indices.map { index in
        trained.contains(index)
          ? zip(fixture.weights.values[index], direction[index]).map { $0 + step * $1 }
          : fixture.weights.values[index]
      }
      moved.weights = Weights(architecture: fixture.weights.architecture, values: values)
      return try moved.trainer().gradient(images: fixture.images, labels: fixture.labels, loss: fixture.loss)
        .0
    }
    let step: Float = 1e-3
    let difference = try (loss(step) - loss(-step)) / Double(2 * step)
    let derivative = trained.reduce(0.0) { sum, index in
      zip(gradients[index], direction[index]).reduce(sum) { $0 + Double($1.0) * Double($1.1) }
    }
    #expect(abs(difference - derivative) < 0.01 * abs(derivative), "\(difference), \(derivative)")
  }

  @Test(arguments: NetworkFixture.names)
  func `A network does the same on any number of threads, twice over`(_ name: String) throws {
    let fixture = try NetworkFixture(name)
    func losses(_ threads: Int) throws -> [Double] {
      let trainer = try fixture.trainer(threads: threads)
      return try (0..<4).map { _ in
        try trainer.step(images: fixture.images, labels: fixture.labels, loss: fixture.loss, rate: 1e-2)
      }
    }
    let two = try losses(2)
    #expect(try losses(2) == two)
    for (one, two) in zip(try losses(1), two) { #expect(abs(one - two) < 1e-4) }
  }

  @Test(arguments: NetworkFixture.names)
  func `Inference gives the logits of evaluation`(_ name: String) throws {
    let fixture = try NetworkFixture(name)
    let trainer = try fixture.trainer()
    for _ in 0..<3 {
      _ = try trainer.step(images: fixture.images, labels: fixture.labels, loss: fixture.loss, rate: 1e-2)
    }
    let references = try trainer.logits(images: fixture.images, batch: fixture.batch)
    let predictor = try Predictor(weights: trainer.weights, precision: .f32, threads: 2)
    let count = fixture.images.count / fixture.batch
    var logits = [Float](repeating: 0, count: references.count)
    for item in 0..<fixture.batch {
      try fixture.images[item * count..<(item + 1) * count].withUnsafeBufferPointer { image in
        try logits.withUnsafeMutableBufferPointer { logits in
          let size = logits.count / fixture.batch
          try predictor.logits(
            of: image, height: fixture.height, width: fixture.width,
            into: UnsafeMutableBufferPointer(rebasing: logits[item * size..<(item + 1) * size]))
        }
      }
    }
    #expect(difference(logits, references) < 1e-5)
  }

  @Test(arguments: [1, 3]) func `Probabilities are the logits' sigmoid or softmax`(_ classes: Int) throws {
    var architecture = Architecture()
    (architecture.levels, architecture.classes) = (1, classes)
    let predictor = try Predictor(
      weights: Weights(architecture: architecture, seed: 1), precision: .f32, threads: 1)
    var random = Random(seed: 1)
    let image = (0..<15).map { _ in Float(random.normal()) }
    try image.withUnsafeBufferPointer { image in
      let values = try predictor.probabilities(of: image, height: 3, width: 5)
      var logits = [Float](repeating: 0, count: values.count)
      try logits.withUnsafeMutableBufferPointer {
        try predictor.logits(of: image, height: 3, width: 5, into: $0)
      }
      for point in 0..<15 {
        let powers = (0..<classes).map { exp(Double(logits[$0 * 15 + point])) }
        let sum = classes == 1 ? 1 + powers[0] : powers.reduce(0, +)
        for label in 0..<classes {
          #expect(abs(Double(values[label * 15 + point]) - powers[label] / sum) < 1e-6)
        }
      }
    }
  }

  @Test func `A batch that is not full trains as one of its own`() throws {
    let fixture = try Self.fixture()
    let count = fixture.images.count / 3 * 2
    func trainer(batchSize: Int) throws -> Trainer {
      var options = Trainer.Options(height: fixture.height, width: fixture.width, threads: 2)
      (options.batchSize, options.precision) = (batchSize, .f32)
      return try Trainer(weights: fixture.weights, options: options)
    }
    let (whole, part) = (try trainer(batchSize: 3), try trainer(batchSize: 2))
    // Something in the memory that both batches share.
    _ = try whole.gradient(images: fixture.images, labels: fixture.labels, loss: fixture.loss)
    whole.parameters.load(fixture.weights)
    for _ in 0..<2 {
      let images = Array(fixture.images.prefix(count))
      let labels = Array(fixture.labels.prefix(fixture.labels.count / 3 * 2))
      let value = try whole.step(images: images, labels: labels, loss: fixture.loss, rate: 1e-2)
      #expect(try part.step(images: images, labels: labels, loss: fixture.loss, rate: 1e-2) == value)
    }
  }

  @Test func `Dropout leaves the rate's share out, scales the rest, and is off in evaluation`() throws {
    var fixture = try NetworkFixture("classes")
    var architecture = fixture.weights.architecture
    architecture.dropout = 0.5
    fixture.weights = Weights(architecture: architecture, values: fixture.weights.values)
    let trainer = try fixture.trainer()
    func loss(_ seed: UInt64) throws -> Double {
      try fixture.images.withUnsafeBufferPointer { images in
        try fixture.labels.withUnsafeBufferPointer { labels in
          try trainer.derive(images: images, labels: labels, loss: fixture.loss, dropout: seed).loss!
        }
      }
    }
    #expect(try loss(1) == loss(1))
    #expect(try loss(1) != loss(2))
    let first = try trainer.logits(images: fixture.images, batch: fixture.batch)
    #expect(try trainer.logits(images: fixture.images, batch: fixture.batch) == first)
  }

  @Test func `Logits that are not finite end the step with an error that says where`() throws {
    var fixture = try NetworkFixture("plain")
    fixture.weights["decoder.0.convolution2.bias"] = [.nan, 0, 0]
    let trainer = try fixture.trainer()
    let error = #expect(throws: UNetError.self) {
      try trainer.step(images: fixture.images, labels: fixture.labels, loss: fixture.loss, rate: 1)
    }
    #expect(error?.kind == .notFinite)
    #expect(error?.detail.hasPrefix("logit 0 of class 0 of image") == true)
  }
}
