/// How the values of a batch become one.
public enum Reduction: String, CaseIterable, Sendable {
  case mean, sum
  /// Not at all: the items stand for themselves.
  case none

  /// The reduced value of what is there; nil for `none`, NaN where everything was left out.
  @inlinable
  public func callAsFunction(_ values: some Sequence<Double?>) -> Double? {
    guard self != .none else { return nil }
    var (sum, count) = (0.0, 0)
    for value in values {
      guard let value else { continue }
      sum += value
      count += 1
    }
    guard count > 0 else { return .nan }
    return self == .mean ? sum / Double(count) : sum
  }
}
