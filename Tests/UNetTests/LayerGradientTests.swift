import CKernels
import Testing

import struct Hausdorff.Random

@testable import UNet

/// Derivatives of each layer beside central differences of Σ weight · output along random directions, in float32.
final class LayerGradientTests {
  /// A layer with its input, its output, and numbers that it learns, each with its derivatives.
  struct Subject {
    let input: Tensor
    /// Channels of the input that are not padding.
    let channels: Int
    let output: Tensor
    var pooled: Tensor?
    var learnt: [(Activation.Learnt, Int)] = []
    let forward: () throws -> Void
    let backward: () throws -> Void
  }

  private let engine: Engine
  /// The memory of what is learnt.
  private var buffers: [Buffer] = []

  init() throws { engine = try Engine(threads: 2) }

  private static func tensor(_ channels: Int, _ height: Int, _ width: Int, batch: Int = 2) throws -> Tensor {
    let count = Tensor.byteCount(
      batch: batch, channels: channels, height: height, width: width, element: ck_f32)
    return Tensor(
      try Buffer(count: count), batch: batch, channels: channels, height: height, width: width,
      element: ck_f32)
  }

  private func learnt(
    _ count: Int, _ random: inout Random, around mean: Double = 0
  ) throws -> Activation.Learnt {
    let pair = try (0..<2).map { _ in try Buffer(count: count * 4) }
    buffers += pair
    let floats = pair.map { $0.start.bindMemory(to: Float.self, capacity: count) }
    for index in 0..<count { floats[0][index] = Float(mean + 0.3 * random.normal()) }
    return Activation.Learnt(value: floats[0], gradient: floats[1])
  }

  /// Whether derivatives and differences agree, for the input and for everything learnt.
  private func check(_ subject: Subject, _ random: inout Random) throws {
    let input = subject.input.floats(channels: subject.channels)
    let start = input.map { _ in Float(random.normal()) }
    let outputs = [subject.output, subject.pooled].compactMap { $0?.floats(channels: $0!.channels) }
    let weights = outputs.map { $0.map { _ in Float(random.normal()) } }
    let memories = [input] + subject.learnt.map { (0..<$0.1).map($0.0.value.advanced(by:)) }
    let values = [start] + subject.learnt.map { learnt, count in (0..<count).map { learnt.value[$0] } }

    func total(_ moved: Int?, _ direction: [Float], _ step: Float) throws -> Double {
      for (index, memory) in memories.enumerated() {
        for (element, pointer) in memory.enumerated() {
          pointer.pointee = values[index][element] + (index == moved ? step * direction[element] : 0)
        }
      }
      try subject.forward()
      return zip(outputs, weights).reduce(0) { sum, pair in
        zip(pair.0, pair.1).reduce(sum) { $0 + Double($1.0.pointee) * Double($1.1) }
      }
    }
    for moved in memories.indices {
      let direction = memories[moved].map { _ in Float(random.normal()) }
      let step: Float = 1e-3
      let difference = try (total(moved, direction, step) - total(moved, direction, -step)) / Double(2 * step)
      _ = try total(nil, [], 0)
      for (memory, weight) in zip(outputs, weights) {
        for (pointer, value) in zip(memory, weight) { pointer.pointee = value }
      }
      try subject.backward()
      let slopes =
        moved == 0
        ? input.map(\.pointee)
        : (0..<subject.learnt[moved - 1].1).map { subject.learnt[moved - 1].0.gradient[$0] }
      let derivative = zip(slopes, direction).reduce(0) { $0 + Double($1.0) * Double($1.1) }
      let scale = zip(slopes, direction).reduce(0) { $0 + abs(Double($1.0) * Double($1.1)) }
      #expect(abs(difference - derivative) < 2e-3 * scale + 1e-3, "\(moved): \(difference), \(derivative)")
      #expect(scale > 1, "there is something to compare")
    }
  }

  @Test(arguments: [(3, 16, 32, 6, 10), (1, 32, 16, 5, 7), (3, 3, 16, 8, 8), (3, 32, 32, 1, 1)])
  func `A convolution's derivatives are its differences`(
    _ kernel: Int, _ inputs: Int, _ outputs: Int, _ height: Int, _ width: Int
  ) throws {
    var random = Random(seed: 1, UInt64(inputs))
    var architecture = Architecture()
    (architecture.baseChannels, architecture.levels) = (16, 1)
    let input = try Self.tensor(inputs, height, width)
    let output = try Self.tensor(outputs, height, width)
    let count = output.channels * input.channels * kernel * kernel
    let weights = try learnt(count, &random)
    let layer = try Convolution(
      from: Convolution.End(input, engine: engine), to: Convolution.End(output, engine: engine),
      kernel: kernel, weights: weights, keeping: .gradients, engine: engine)
    try check(
      Subject(
        input: input, channels: input.channels, output: output, learnt: [(weights, count)],
        forward: {
          try layer.loadWeights()
          try layer.forward()
        }, backward: layer.backward), &random)
  }

  @Test(arguments: [false, true], [false, true])
  func `An activation's derivatives are its differences`(_ isNormalized: Bool, _ isPooled: Bool) throws {
    var random = Random(seed: 2)
    let (input, output) = (try Self.tensor(32, 6, 8), try Self.tensor(32, 6, 8))
    let pooled = isPooled ? try Self.tensor(32, 3, 4) : nil
    let (scale, shift) = (try learnt(32, &random, around: 1), try learnt(32, &random))
    let statistics = try learnt(32, &random)
    let layer = try Activation(
      from: input, to: output, pooled: pooled,
      parameters: isNormalized
        ? .normalization(
          scale: scale, shift: shift, mean: statistics.value, variance: statistics.gradient) : .bias(shift),
      engine: engine)
    try check(
      Subject(
        input: input, channels: 32, output: output, pooled: pooled,
        learnt: (isNormalized ? [(scale, 32)] : []) + [(shift, 32)],
        forward: { layer.forward(isTraining: true) }, backward: layer.backward), &random)
  }

  @Test func `An upsampling's derivatives are its differences`() throws {
    var random = Random(seed: 3)
    let (input, output) = (try Self.tensor(4 * 32, 3, 5), try Self.tensor(32, 6, 10))
    let bias = try learnt(32, &random)
    let layer = try Upsampling(from: input, to: output, bias: bias, engine: engine)
    try check(
      Subject(
        input: input, channels: 128, output: output, learnt: [(bias, 32)], forward: layer.forward,
        backward: layer.backward), &random)
  }

  @Test(arguments: [(1, 6, 8), (3, 5, 7), (20, 6, 8)])
  func `A head's derivatives are its differences, also where it crops`(
    _ classes: Int, _ height: Int, _ width: Int
  ) throws {
    var random = Random(seed: 4)
    let input = try Self.tensor(32, 6, 8)
    let (weights, bias) = (try learnt(classes * 32, &random), try learnt(classes, &random))
    let layer = try Head(
      from: input, height: height, width: width, classes: classes, weights: weights, bias: bias,
      engine: engine)
    let count = 2 * classes * height * width
    let (logits, gradient) = (
      UnsafeMutablePointer<Float>.allocate(capacity: count),
      UnsafeMutablePointer<Float>.allocate(capacity: count)
    )
    defer {
      logits.deallocate()
      gradient.deallocate()
    }
    let factors = (0..<count).map { _ in Float(random.normal()) }
    gradient.update(from: factors, count: count)
    let pixels = input.floats(channels: 32)
    let start = pixels.map { _ in Float(random.normal()) }
    let direction = pixels.map { _ in Float(random.normal()) }
    let turn = (0..<classes * 32).map { _ in Float(random.normal()) }
    let unturned = (0..<classes * 32).map { weights.value[$0] }
    func total(_ step: Float, _ turned: Float) -> Double {
      for (index, pointer) in pixels.enumerated() { pointer.pointee = start[index] + step * direction[index] }
      for index in turn.indices { weights.value[index] = unturned[index] + turned * turn[index] }
      layer.forward(logits: logits)
      return (0..<count).reduce(0) { $0 + Double(logits[$1]) * Double(factors[$1]) }
    }
    // It is linear in each.
    let byInput = (total(0.5, 0) - total(-0.5, 0))
    let byWeights = (total(0, 0.5) - total(0, -0.5))
    _ = total(0, 0)
    layer.backward(gradient: gradient)
    func sum(_ slopes: [Float], _ direction: [Float]) -> Double {
      zip(slopes, direction).reduce(0) { $0 + Double($1.0) * Double($1.1) }
    }
    #expect(abs(byInput - sum(pixels.map(\.pointee), direction)) < 1e-3)
    #expect(abs(byWeights - sum((0..<classes * 32).map { weights.gradient[$0] }, turn)) < 1e-3)
    for label in 0..<classes {
      let expected = (0..<2).reduce(0.0) { sum, item in
        let first = (item * classes + label) * height * width
        return factors[first..<first + height * width].reduce(sum) { $0 + Double($1) }
      }
      #expect(abs(Double(bias.gradient[label]) - expected) < 1e-4)
    }
  }
}

extension Tensor {
  /// Where each element of the first channels is, images outermost.
  func floats(channels: Int) -> [UnsafeMutablePointer<Float>] {
    (0..<batch).flatMap { image in
      (0..<channels).flatMap { channel in
        (0..<pixels).map { pixel in
          let plane = row(0, image: image, block: channel / Tensor.block)
          return plane.assumingMemoryBound(to: Float.self) + pixel * Tensor.block + channel % Tensor.block
        }
      }
    }
  }
}
