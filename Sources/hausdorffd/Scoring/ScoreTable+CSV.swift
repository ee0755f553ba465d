import HTTPServer
import Hausdorff

extension ScoreTable {
  /// The items as comma-separated values (RFC 4180), with a line of names before them; numbers have all their digits.
  ///
  /// - Parameter names: what the pairs are called.
  static func csv(_ reply: ScoreReply, names: [String]) -> String {
    let metrics = reply.settings.metrics.map { metric in
      reply.settings.isEveryConvention ? "\(metric.convention.rawValue):\(metric.name)" : metric.name
    }
    let hasLabels = !reply.labels.isEmpty
    var lines = [["name"] + (hasLabels ? ["label"] : []) + metrics + ["empty", "problem"]]
    for item in reply.items {
      lines.append(
        [names[item.pair]] + (hasLabels ? [item.label.map(String.init) ?? ""] : [])
          + item.score.values.map { $0.map { "\($0)" } ?? "" } + [item.score.empty?.rawValue ?? "", ""])
    }
    for refusal in reply.refusals {
      let blanks = [String](repeating: "", count: metrics.count + (hasLabels ? 2 : 1))
      lines.append([names[refusal.pair]] + blanks + [refusal.problem.detail ?? refusal.problem.title])
    }
    return lines.map { $0.map(field).joined(separator: ",") + "\r\n" }.joined()
  }

  private static func field(_ text: String) -> String {
    guard text.contains(where: { ",\"\n\r".contains($0) }) else { return text }
    return "\"\(text.split(separator: "\"", omittingEmptySubsequences: false).joined(separator: "\"\""))\""
  }
}
