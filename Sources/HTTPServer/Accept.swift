/// Content negotiation by the Accept header (RFC 9110, 12.5.1).
struct Accept {
  private struct Range {
    let type: Substring  // "*" matches any
    let subtype: Substring
    let quality: Int  // thousandths
    var specificity: Int { type == "*" ? 0 : subtype == "*" ? 1 : 2 }

    func matches(_ type: Substring, _ subtype: Substring) -> Bool {
      (self.type == "*" || self.type == type) && (self.subtype == "*" || self.subtype == subtype)
    }
  }

  private let ranges: [Range]

  /// Ranges that are malformed are passed over; a field without a usable one accepts anything.
  init(_ field: String) {
    let ranges = field.lowercased().split(separator: ",").compactMap { Accept.range(of: $0) }
    self.ranges = ranges.isEmpty ? [Range(type: "*", subtype: "*", quality: 1000)] : ranges
  }

  /// The most wanted of the types, the first of them where several are wanted alike; `nil` where none is.
  func preferred(of types: [String]) -> String? {
    var best: (type: String, quality: Int)?
    for type in types {
      let quality = quality(of: type)
      if quality > best?.quality ?? 0 { best = (type, quality) }
    }
    return best?.type
  }

  private func quality(of mediaType: String) -> Int {
    let parts = mediaType.prefix { $0 != ";" }.split(separator: "/", maxSplits: 1)
    guard parts.count == 2 else { return 0 }
    let matching = ranges.filter { $0.matches(parts[0], parts[1]) }
    return matching.max { $0.specificity < $1.specificity }?.quality ?? 0
  }

  private static func range(of text: Substring) -> Range? {
    let parts = text.split(separator: ";").map(trimmed)
    guard let name = parts.first else { return nil }
    let types = name.split(separator: "/", omittingEmptySubsequences: false)
    guard types.count == 2, !types[0].isEmpty, !types[1].isEmpty, types[0] != "*" || types[1] == "*" else {
      return nil
    }
    var quality = 1000
    for parameter in parts.dropFirst() where parameter.hasPrefix("q=") {
      guard let value = Double(parameter.dropFirst(2)), (0...1).contains(value) else { return nil }
      quality = Int(value * 1000)
    }
    return Range(type: types[0], subtype: types[1], quality: quality)
  }

  private static func trimmed(_ text: Substring) -> Substring {
    var text = text.drop { $0 == " " || $0 == "\t" }
    while text.last == " " || text.last == "\t" { text.removeLast() }
    return text
  }
}
