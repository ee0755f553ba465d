import HTTPServer
import MaskFormats

extension Compressed.Encoding {
  /// What a client wants its answer packed by (RFC 9110, 12.5.3); nil for nothing.
  init?(wantedBy head: RequestHead) {
    guard head.header("Accept-Encoding") != nil else { return nil }
    var qualities: [String: Double] = [:]
    for item in head.headers.values(of: "Accept-Encoding").flatMap({ $0.split(separator: ",") }) {
      let parts = item.lowercased().split(separator: ";").map { part in
        String(part.drop(while: \.isWhitespace).reversed().drop(while: \.isWhitespace).reversed())
      }
      guard let name = parts.first else { continue }
      let quality = parts.dropFirst().first { $0.hasPrefix("q=") }.map { Double($0.dropFirst(2)) ?? 0 }
      qualities[name == "x-gzip" ? "gzip" : name] = quality ?? 1
    }
    let known = Self.allCases.map { ($0, qualities[$0.rawValue] ?? qualities["*"] ?? 0) }
    guard let best = known.max(by: { $0.1 < $1.1 }), best.1 > 0, best.1 >= qualities["identity"] ?? 0 else {
      return nil
    }
    // Of several that are wanted alike, the first.
    self = known.first { $0.1 == best.1 }!.0
  }
}
