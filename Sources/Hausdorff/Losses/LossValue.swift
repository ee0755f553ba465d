import Glibc

/// A loss and what it is made of.
public struct LossValue: Sendable {
  /// One scored channel of one item of the batch.
  public struct Item: Sendable, Equatable {
    /// Their numbers, from 0.
    public let item, channel: Int
    /// Each term, without its weight; nil where the empty policy leaves an exact score out. The logarithm of a term that
    /// has one is taken behind the reduction, here only with `reduction=none`.
    public let values: [Double?]
    /// Which mask has no foreground, if one has none; of the prediction the thresholded one.
    public let empty: EmptySide?
  }

  /// The weighted sum of the terms; nil with `reduction=none`.
  public let loss: Double?
  /// Each term over the batch, without its weight; nil with `reduction=none`.
  public let terms: [Double?]
  /// Every scored channel of every item, items first.
  public let items: [Item]

  init(of function: LossFunction, items: [Item]) {
    self.items = items
    terms = function.reduced(items)
    loss =
      function.reduction == .none
      ? nil
      : zip(terms, function.terms).reduce(0) { sum, pair in
        // A weight of 0 leaves a term out, also where it is infinite.
        pair.1.weight > 0 ? sum + pair.1.weight * (pair.0 ?? .nan) : sum
      }
  }
}

extension LossFunction {
  /// Each term over some items, without its weight; nil with `reduction=none`.
  public func reduced(_ items: some Collection<LossValue.Item>) -> [Double?] {
    terms.indices.map { index in
      let value = reduction(items.lazy.map { $0.values[index] })
      return terms[index].takesLog ? value.map { log1p($0) } : value
    }
  }
}
