/// What a `traceparent` header says (W3C Trace Context): which trace a request belongs to, and which span sent it.
struct TraceParent: Equatable, Sendable {
  /// 32 hexadecimal digits.
  let traceID: String
  /// 16 hexadecimal digits.
  let parentID: String

  /// Reads version 00, and of later ones what they have in common with it; nil for anything else.
  init?(_ header: String) {
    let parts = header.split(separator: "-", maxSplits: 4, omittingEmptySubsequences: false)
    guard parts.count >= 4, zip(parts, [2, 32, 16, 2]).allSatisfy({ Self.isHexadecimal($0, count: $1) }),
      parts[0] != "ff", parts.count == 4 || parts[0] != "00",
      parts[1].contains(where: { $0 != "0" }), parts[2].contains(where: { $0 != "0" })
    else { return nil }
    (traceID, parentID) = (String(parts[1]), String(parts[2]))
  }

  private static func isHexadecimal(_ text: Substring, count: Int) -> Bool {
    text.utf8.count == count
      && text.utf8.allSatisfy { (0x30...0x39).contains($0) || (0x61...0x66).contains($0) }
  }
}
