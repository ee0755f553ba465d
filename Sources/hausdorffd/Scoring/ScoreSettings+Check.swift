import HTTPServer
import Hausdorff

/// What can be at fault with options that go with each other.
extension ScoreSettings {
  /// Squares and sums of distances must stay finite and must not vanish.
  static let spacings = 1e-100...1e100

  func checkLabels() throws(RequestError) {
    guard let labels, threshold != nil else { return }
    throw RequestError(labels.location, "and threshold exclude each other: labels are whole numbers")
  }

  /// - Parameter labelCount: how many labels or channels are scored; nil where that depends on the values.
  func checkTolerances(labelCount: Int?) throws(RequestError) {
    guard let tolerance, tolerance.value.count > 1, tolerance.value.count != labelCount else { return }
    let count = tolerance.value.count
    throw RequestError(
      tolerance.location,
      labelCount.map { "has \(count) numbers for \($0) labels" }
        ?? "has \(count) numbers; one for each label needs labels to be listed")
  }

  /// Refuses what no pair of arrays could go with; `ownOptions` are those of a pair by itself.
  func checkWithoutArrays(_ ownOptions: OptionList) throws(RequestError) {
    let layout = try ownOptions["layout"].map { (option) throws(RequestError) in try Layout(option) }
    _ = try ownOptions["ignore_orientation"]?.boolean()
    try checkLabels()
    if let spacing {
      try ArrayPair.checkSpacing(spacing.value, spacing.location, Self.spacings)
      let counts = layout.map { [$0.spaceCount] } ?? [2, 3]
      guard counts.contains(spacing.value.count) else {
        let axes = counts.map(String.init).joined(separator: " or ")
        throw RequestError(
          spacing.location, "has \(spacing.value.count) numbers; the masks have \(axes) axes of space")
      }
    }
    // Without a layout there may be channels, which are labels.
    guard labels != nil || layout.map({ $0.channelAxis == nil }) == true else { return }
    if let background, labels == nil {
      throw RequestError(background.location, "needs labels, or a layout with several channels")
    }
    let listed: [Int]? = if case .listed(let listed) = labels?.value { listed } else { nil }
    try checkTolerances(labelCount: listed?.count)
  }
}
