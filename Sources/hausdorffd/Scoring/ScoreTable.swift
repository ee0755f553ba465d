import Hausdorff

/// A reply as a table for people: a row an item, one more for the batch.
struct ScoreTable {
  let text: String

  init(_ reply: ScoreReply) {
    let settings = reply.settings
    let names = settings.metrics.map { metric in
      settings.isEveryConvention ? "\(metric.name) (\(metric.convention.rawValue))" : metric.name
    }
    let labels = reply.labels
    var rows: [[String]] = []
    func row(_ title: [String], _ values: [Double?], _ empty: String) {
      rows.append(title + values.map { $0.map(ScoreTable.format) ?? "-" } + [empty])
    }
    guard reply.items.count > 1, !settings.isEveryConvention else {
      // A line each.
      let empty = reply.items.first?.score.empty
      let values = reply.items.count == 1 ? reply.items[0].score.values : reply.reduced
      rows = zip(names, values).map { name, value in [name, value.map(ScoreTable.format) ?? "-"] }
      if let empty, reply.items.count == 1 { rows.append(["empty", empty.rawValue]) }
      text = ScoreTable.align(rows)
      return
    }
    let hasLabels = !labels.isEmpty
    rows.append((hasLabels ? ["item", "label"] : ["item"]) + names + ["empty"])
    let hasEntries = reply.hasEntries
    for (number, item) in reply.items.enumerated() {
      let name =
        reply.pairNames.map { $0[item.pair] + (hasEntries ? "[\(item.entry ?? 0)]" : "") } ?? "\(number)"
      row(
        hasLabels ? [name, "\(item.label ?? 0)"] : [name], item.score.values,
        item.score.empty?.rawValue ?? "")
    }
    if settings.reduction != .none {
      let name = settings.reduction.rawValue
      if labels.count > 1 {
        for (label, reduced) in labels { row([name, "\(label)"], reduced, "") }
      }
      row(hasLabels ? [name, ""] : [name], reply.reduced, "")
    }
    text = ScoreTable.align(rows)
  }

  /// Six digits behind the point at most, but all of what is tiny or huge.
  private static func format(_ value: Double) -> String {
    guard value.isFinite, value == 0 || (1e-3..<1e9).contains(abs(value)) else { return "\(value)" }
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
