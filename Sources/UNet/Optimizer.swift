import Glibc

/// How parameters follow their gradient.
public struct Optimizer: Equatable, Sendable {
  public enum Kind: String, CaseIterable, Sendable {
    /// Stochastic gradient descent with momentum: m ← μm + g, p ← p − rate · m.
    case sgd
    /// Kingma & Ba 2015; a weight decay is added to the gradient.
    case adam
    /// Loshchilov & Hutter 2019; a weight decay shrinks the parameters apart from the gradient.
    case adamw
  }

  public var kind: Kind
  /// μ of `sgd`.
  public var momentum: Float = 0.9
  /// β₁ and β₂ of `adam` and `adamw`.
  public var firstDecay: Double = 0.9
  public var secondDecay: Double = 0.999
  /// ε of `adam` and `adamw`.
  public var epsilon: Float = 1e-8
  /// Share of a parameter that is added to its gradient, or, in `adamw`, that a step takes off it, times the rate.
  public var weightDecay: Float
  /// The largest norm of the whole gradient; a longer one is scaled down to it.
  public var maximumNorm: Double?

  /// - Parameter weightDecay: 0.01 for `adamw` by default, else 0.
  public init(_ kind: Kind = .adam, weightDecay: Float? = nil, maximumNorm: Double? = nil) {
    self.kind = kind
    self.weightDecay = weightDecay ?? (kind == .adamw ? 0.01 : 0)
    self.maximumNorm = maximumNorm
  }
}

/// How the learning rate goes from step to step.
public struct Schedule: Equatable, Sendable {
  public enum Kind: String, CaseIterable, Sendable {
    case constant
    /// Half a cosine from the rate down to 0 at the last step (Loshchilov & Hutter 2017).
    case cosine
  }

  public var kind = Kind.constant
  /// The largest rate.
  public var rate: Double = 1e-3
  /// Steps in which the rate rises to it in equal parts.
  public var warmUpSteps = 0

  public init() {}

  /// The rate of step `step`, counted from 0, of `steps`.
  public func rate(at step: Int, of steps: Int) -> Double {
    if step < warmUpSteps { return rate * Double(step + 1) / Double(warmUpSteps) }
    guard kind == .cosine else { return rate }
    let share = Double(step - warmUpSteps) / Double(max(1, steps - warmUpSteps))
    return rate * 0.5 * (1 + cos(.pi * min(1, share)))
  }
}
