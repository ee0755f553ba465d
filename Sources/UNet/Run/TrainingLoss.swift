public import Hausdorff

/// A term of the loss that a network trains on, with its weight from epoch to epoch.
public struct TrainingLoss: Equatable, Sendable {
  public enum Weight: Equatable, Sendable {
    /// The same always; not negative.
    case fixed(Double)
    /// From `from` in the first epoch in equal parts to `to`, which it has behind `epochs` epochs.
    case ramp(from: Double, to: Double, epochs: Int)
    /// What makes the term's mean equal to that of the `dice_loss` term, set anew behind each epoch from the epoch's means
    /// (Karimi & Salcudean 2019), and before the first from its first batch.
    case balanced

    /// Whether some epoch has a weight above 0.
    var isEverPositive: Bool {
      switch self {
      case .fixed(let weight): weight > 0
      case .ramp(let from, let to, _): from > 0 || to > 0
      case .balanced: true
      }
    }
  }

  /// Which loss, with its options.
  public var kind: LossTerm.Kind
  /// What it is multiplied with.
  public var weight: Weight

  /// A loss with a weight, 1 by default.
  public init(_ kind: LossTerm.Kind, weight: Weight = .fixed(1)) { (self.kind, self.weight) = (kind, weight) }

  /// The name, such as `hausdorff_dt`.
  public var name: String { LossTerm(kind).name }
}

extension [TrainingLoss] {
  /// The loss of an epoch, counted from 0.
  ///
  /// - Parameter balance: a weight for each term that is balanced; 0 elsewhere, and nil while not known.
  func function(epoch: Int, balance: [Double]?, classes: Int) -> LossFunction {
    let terms = enumerated().map { index, loss in
      switch loss.weight {
      case .fixed(let weight): return LossTerm(loss.kind, weight: weight)
      case .ramp(let from, let to, let epochs):
        let share = Swift.min(1, Double(epoch) / Double(Swift.max(1, epochs)))
        return LossTerm(loss.kind, weight: from + (to - from) * share)
      case .balanced: return LossTerm(loss.kind, weight: balance?[index] ?? 0)
      }
    }
    var function = LossFunction(terms: terms, spacing: [1, 1])
    function.activation = Trainer.activation(of: classes)
    return function
  }

  var hasBalanced: Bool { contains { $0.weight == .balanced } }

  /// Weights that make balanced terms' means equal to that of `dice_loss`.
  func balance(means: [Double]) -> [Double] {
    guard let dice = firstIndex(where: { $0.kind == .dice }) else { return means.map { _ in 0 } }
    return enumerated().map { index, loss in
      loss.weight == .balanced && means[index] > 0 ? means[dice] / means[index] : 0
    }
  }

  /// Refuses what no network can train on.
  func validate() throws(UNetError) {
    func failure(_ detail: String) -> UNetError { UNetError(.configuration, detail) }
    guard !isEmpty else { throw failure("there is no loss") }
    for (index, loss) in enumerated() {
      if self[..<index].contains(where: { $0.name == loss.name }) {
        throw failure("\(loss.name) is given twice")
      }
      if case .fixed(0) = loss.weight { continue }
      guard LossTerm(loss.kind).isDifferentiable else { throw failure("\(loss.name) has no gradient") }
    }
    guard contains(where: \.weight.isEverPositive) else {
      throw failure("the losses' weights are all 0")
    }
    if contains(where: { $0.kind == .boundary && $0.weight == .balanced }) {
      throw failure("boundary, which may be negative, cannot have a balanced weight")
    }
    if hasBalanced {
      guard contains(where: { $0.kind == .dice && $0.weight != .balanced }) else {
        throw failure("a balanced weight needs dice_loss among the losses, with a weight of its own")
      }
    }
  }
}
