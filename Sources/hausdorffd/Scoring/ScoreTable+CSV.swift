import HTTPServer
import Hausdorff

extension ScoreTable {
  /// The items as comma-separated values (RFC 4180), with a line of names before them; numbers have all their digits.
  ///
  /// Where pairs have several entries, a column has these.
  ///
  /// - Parameters:
  ///   - names: what the pairs are called.
  ///   - text: says what is at fault with a pair.
  static func csv(
    _ reply: ScoreReply, names: [String], problem text: (_ pair: Int, Problem) -> String
  ) -> String {
    let metrics = reply.settings.metrics.map { metric in
      reply.settings.isEveryConvention ? "\(metric.convention.rawValue):\(metric.name)" : metric.name
    }
    let hasLabels = !reply.labels.isEmpty
    let hasEntries = reply.hasEntries
    func row(_ name: String, _ item: String, _ label: String, _ rest: [String]) -> [String] {
      [name] + (hasEntries ? [item] : []) + (hasLabels ? [label] : []) + rest
    }
    var lines = [row("name", "item", "label", metrics + ["empty", "problem"])]
    for item in reply.items {
      let values = item.score.values.map { $0.map { "\($0)" } ?? "" }
      lines.append(
        row(
          names[item.pair], "\(item.entry ?? 0)", item.label.map(String.init) ?? "",
          values + [item.score.empty?.rawValue ?? "", ""]))
    }
    for (pair, problem) in reply.refusals {
      let blanks = [String](repeating: "", count: metrics.count + 1)
      lines.append(row(names[pair], "", "", blanks + [text(pair, problem)]))
    }
    return lines.map { $0.map(field).joined(separator: ",") + "\r\n" }.joined()
  }

  private static func field(_ text: String) -> String {
    guard text.contains(where: { ",\"\n\r".contains($0) }) else { return text }
    return "\"\(text.split(separator: "\"", omittingEmptySubsequences: false).joined(separator: "\"\""))\""
  }
}
