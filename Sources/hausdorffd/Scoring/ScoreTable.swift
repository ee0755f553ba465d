import Hausdorff

/// A reply as a table for people: a row an item, one more for the batch.
struct ScoreTable {
  let text: String

  init(_ reply: ScoreReply) {
    let names = reply.request.scoring.metrics.map(\.name)
    var rows: [[String]] = []
    func row(_ title: String, _ values: [Double?], _ empty: String) {
      rows.append([title] + values.map { $0.map(ScoreTable.format) ?? "-" } + [empty])
    }
    if reply.scores.count > 1 {
      rows.append(["item"] + names + ["empty"])
      for (item, score) in reply.scores.enumerated() {
        row("\(item)", score.values, score.empty?.rawValue ?? "")
      }
      if reply.request.reduction != .none { row(reply.request.reduction.rawValue, reply.reduced, "") }
      text = ScoreTable.align(rows)
    } else {
      let score = reply.scores[0]
      rows = zip(names, score.values).map { name, value in [name, value.map(ScoreTable.format) ?? "-"] }
      if let empty = score.empty { rows.append(["empty", empty.rawValue]) }
      text = ScoreTable.align(rows)
    }
  }

  /// Six digits behind the point at most.
  private static func format(_ value: Double) -> String {
    guard value.isFinite, abs(value) < 1e9 else { return "\(value)" }
    let scaled = (value * 1e6).rounded()
    return "\(scaled / 1e6)"
  }

  /// The first column to the left, the others to the right.
  private static func align(_ rows: [[String]]) -> String {
    let widths = (rows.first ?? []).indices.map { column in rows.map { $0[column].count }.max() ?? 0 }
    return rows.map { row in
      var line = ""
      for (column, cell) in row.enumerated() {
        let space = String(repeating: " ", count: widths[column] - cell.count)
        line += column == 0 ? cell + space : "  " + space + cell
      }
      return line.reversed().drop { $0 == " " }.reversed() + "\n"
    }.joined()
  }
}
