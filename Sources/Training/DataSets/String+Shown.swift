extension String {
  /// The string for messages: what is long without its middle, and what would move or hide text as `\u{…}`.
  var shown: String { shown(limit: 100) }

  /// Likewise, with at most about `limit` characters.
  func shown(limit: Int) -> String {
    var scalars = Array(unicodeScalars.prefix(limit + 1)).map(Self.shown)
    if scalars.count > limit {
      let tail = unicodeScalars.suffix(limit / 4).map(Self.shown)
      scalars = scalars.prefix(limit / 2) + ["…"] + tail
    }
    return scalars.joined()
  }

  private static func shown(_ scalar: Unicode.Scalar) -> String {
    switch scalar.properties.generalCategory {
    case .control, .format, .lineSeparator, .paragraphSeparator, .privateUse, .unassigned:
      "\\u{\(String(scalar.value, radix: 16, uppercase: true))}"
    default: String(scalar)
    }
  }
}

extension [String] {
  /// The first few and how many there are, in words.
  var summary: String { summary(count: count) }

  /// The first few of `count`, in words.
  func summary(count: Int) -> String {
    guard !isEmpty else { return "nothing" }
    let first = prefix(Self.summaryCount).map { "'\($0.shown)'" }.joined(separator: ", ")
    return count > Self.summaryCount ? "\(first) and \(count - Self.summaryCount) more" : first
  }

  /// How many a summary names.
  static var summaryCount: Int { 5 }
}
