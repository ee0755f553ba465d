import Testing

@testable import UNet

/// Optimisers beside their published formulas in float64.
struct OptimizerTests {
  private static let count = 40

  /// Parameters behind some steps, and what the formulas give; gradients change from step to step.
  private static func run(
    _ optimizer: Optimizer, steps: Int = 6, rate: (Int) -> Double = { _ in 0.01 }
  ) throws -> (values: [Double], expected: [Double]) {
    var architecture = Architecture()
    (architecture.levels, architecture.baseChannels) = (1, 1)
    let engine = try Engine(threads: 2)
    let parameters = try ParameterBlock(architecture)
    let state = try OptimizerState(optimizer, of: parameters, engine: engine)
    let values = parameters.values.start.assumingMemoryBound(to: Float.self)
    let gradients = parameters.gradients.start.assumingMemoryBound(to: Float.self)
    var p = (0..<count).map { Double(Float(0.3 * Double($0 % 7) - 1)) }
    for (index, value) in p.enumerated() { values[index] = Float(value) }
    var (m, v) = (p.map { _ in 0.0 }, p.map { _ in 0.0 })
    for step in 0..<steps {
      var g = (0..<count).map { Double(Float(0.05 * Double(($0 * 5 + step * 3) % 11) - 0.2)) }
      for (index, slope) in g.enumerated() { gradients[index] = Float(slope) }
      let norm = g.reduce(0) { $0 + $1 * $1 }.squareRoot()
      #expect(abs(state.move(rate: rate(step)) - norm) < 1e-6 * norm, "the norm before clipping")
      if let maximum = optimizer.maximumNorm, norm > maximum { g = g.map { $0 * maximum / norm } }
      let decay = Double(optimizer.weightDecay)
      for index in p.indices {
        switch optimizer.kind {
        case .sgd:
          m[index] = Double(optimizer.momentum) * m[index] + g[index] + decay * p[index]
          p[index] -= rate(step) * m[index]
        case .adam, .adamw:
          let slope = g[index] + (optimizer.kind == .adam ? decay * p[index] : 0)
          if optimizer.kind == .adamw { p[index] -= rate(step) * decay * p[index] }
          m[index] = 0.9 * m[index] + 0.1 * slope
          v[index] = 0.999 * v[index] + 0.001 * slope * slope
          let (first, second) = (
            m[index] / (1 - power(0.9, step + 1)), v[index] / (1 - power(0.999, step + 1))
          )
          p[index] -= rate(step) * first / (second.squareRoot() + 1e-8)
        }
      }
    }
    return ((0..<count).map { Double(values[$0]) }, p)
  }

  private static func power(_ base: Double, _ exponent: Int) -> Double {
    (0..<exponent).reduce(1) { p, _ in p * base }
  }

  @Test(
    arguments: [
      Optimizer(.sgd), Optimizer(.sgd, weightDecay: 0.1), Optimizer(.adam),
      Optimizer(.adam, weightDecay: 0.1),
      Optimizer(.adamw), Optimizer(.adamw, weightDecay: 0.3), Optimizer(.sgd, maximumNorm: 0.1),
      Optimizer(.adamw, maximumNorm: 0.5), Optimizer(.sgd, maximumNorm: 100),
    ])
  func `Parameters move as the formula says`(_ optimizer: Optimizer) throws {
    let (values, expected) = try Self.run(optimizer) { 0.01 / Double($0 + 1) }
    for (value, reference) in zip(values, expected) { #expect(abs(value - reference) < 2e-6) }
  }

  @Test func `A gradient that is not finite moves nothing`() throws {
    var architecture = Architecture()
    (architecture.levels, architecture.baseChannels) = (1, 1)
    let parameters = try ParameterBlock(architecture)
    let state = try OptimizerState(Optimizer(.adam), of: parameters, engine: Engine(threads: 1))
    let before = parameters.weights
    parameters.gradients.start.assumingMemoryBound(to: Float.self)[3] = .infinity
    #expect(!state.move(rate: 1).isFinite)
    #expect(parameters.weights == before && state.step == 0)
  }

  @Test func `The rate rises in equal parts, and then stays or falls like a cosine`() {
    var schedule = Schedule()
    (schedule.rate, schedule.warmUpSteps) = (2, 4)
    #expect((0..<6).map { schedule.rate(at: $0, of: 12) } == [0.5, 1, 1.5, 2, 2, 2])
    schedule.kind = .cosine
    #expect((0..<4).map { schedule.rate(at: $0, of: 12) } == [0.5, 1, 1.5, 2])
    #expect(schedule.rate(at: 4, of: 12) == 2)
    #expect(abs(schedule.rate(at: 8, of: 12) - 1) < 1e-12)
    #expect(schedule.rate(at: 12, of: 12) == 0 && schedule.rate(at: 50, of: 12) == 0)
  }
}
