import CKernels
import Glibc

/// The running moments of an optimiser.
final class OptimizerState {
  let optimizer: Optimizer
  /// Steps taken.
  private(set) var step: Int
  let parameters: ParameterBlock
  let firstMoment: Buffer
  /// Of `adam` and `adamw`.
  let secondMoment: Buffer?
  private let engine: Engine

  init(_ optimizer: Optimizer, of parameters: ParameterBlock, engine: Engine) throws(UNetError) {
    (self.optimizer, self.parameters, self.engine) = (optimizer, parameters, engine)
    step = 0
    firstMoment = try Buffer(count: parameters.trainedCount * 4)
    secondMoment = if optimizer.kind == .sgd { nil } else { try Buffer(count: parameters.trainedCount * 4) }
  }

  /// Moves the parameters by their gradient.
  ///
  /// - Returns: the norm of the gradient, before any clipping; nothing is moved where it is not finite.
  func move(rate: Double) -> Double {
    let chunk = 1 << 16
    let count = parameters.trainedCount
    let chunks = (count + chunk - 1) / chunk
    func part(_ index: Int) -> Int64 { Int64(min(count, (index + 1) * chunk) - index * chunk) }
    func floats(_ buffer: Buffer?, _ index: Int) -> UnsafeMutablePointer<Float>? {
      buffer.map { $0.start.assumingMemoryBound(to: Float.self) + index * chunk }
    }
    let norm = withUnsafeTemporaryAllocation(of: Double.self, capacity: chunks) { squares in
      engine.perform(chunks) { index in
        squares[index] = ck_sum_of_squares(
          engine.variant, floats(parameters.gradients, index), part(index))
      }
      return squares.reduce(0, +).squareRoot()
    }
    guard norm.isFinite else { return norm }
    step += 1
    var values = constants(rate: rate)
    if let maximum = optimizer.maximumNorm, norm > maximum { values.gradient_scale = Float(maximum / norm) }
    engine.perform(chunks) { index in
      withUnsafePointer(to: values) { values in
        ck_optimize(
          engine.variant, values, floats(parameters.values, index), floats(parameters.gradients, index),
          floats(firstMoment, index), floats(secondMoment, index), part(index))
      }
    }
    return norm
  }

  private func constants(rate: Double) -> ck_step {
    var values = ck_step()
    values.gradient_scale = 1
    values.shrink = 1
    values.decay = optimizer.weightDecay
    switch optimizer.kind {
    case .sgd:
      values.momentum = optimizer.momentum
      values.gain = 1
      values.rate = Float(rate)
    case .adam, .adamw:
      if optimizer.kind == .adamw {
        values.decay = 0
        values.shrink = Float(1 - rate * Double(optimizer.weightDecay))
      }
      values.momentum = Float(optimizer.firstDecay)
      values.gain = Float(1 - optimizer.firstDecay)
      values.second_momentum = Float(optimizer.secondDecay)
      values.second_gain = Float(1 - optimizer.secondDecay)
      values.rate = Float(rate / (1 - pow(optimizer.firstDecay, Double(step))))
      values.root_scale = Float(1 / (1 - pow(optimizer.secondDecay, Double(step))).squareRoot())
      values.epsilon = optimizer.epsilon
    }
    return values
  }

  /// The moments by parameter: one list, or two where there are two.
  var moments: [[[Float]]] { [firstMoment, secondMoment].compactMap { $0.map(parameters.trained) } }

  /// Goes on from the moments behind so many steps.
  func resume(_ moments: [[[Float]]], step: Int) {
    for (numbers, buffer) in zip(moments, [firstMoment, secondMoment]) {
      if let buffer { parameters.load(numbers, into: buffer) }
    }
    self.step = step
  }
}
