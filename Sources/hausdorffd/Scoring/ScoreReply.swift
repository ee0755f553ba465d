import HTTPServer
import Hausdorff

/// The answer to a score request: items, their reduction, and what was empty.
struct ScoreReply {
  /// What came of one pair of arrays.
  enum Pair {
    case scored(Scored)
    case refused(Problem)
  }

  /// What is kept of a pair that was scored.
  struct Scored {
    let items: [ScorePlan.Item]
    let scores: [Score]
    /// Entries of the batch, and how many of them have no label and so no items.
    let entryCount, unlabelledCount: Int
    let hasBatch: Bool
    /// Why conventions were left out.
    let omissions: [String]

    init(_ plan: ScorePlan, _ scores: [Score]) {
      (items, self.scores) = (plan.items, scores)
      let arrays = plan.request.arrays
      (entryCount, hasBatch) = (arrays.batch, arrays.layout.name.contains("B"))
      unlabelledCount =
        plan.request.settings.labels == nil ? 0 : arrays.batch - Set(plan.items.lazy.map(\.entry)).count
      omissions = plan.request.omissions
    }
  }

  /// One row of the answer.
  struct Item {
    let pair: Int
    /// Of the batch; nil where the arrays are none.
    let entry: Int?
    let label: Int?
    let score: Score
  }

  let settings: ScoreSettings
  /// Those that were scored, in order.
  let items: [Item]
  let empties: EmptyMasks
  /// Pairs of a list that could not be scored.
  let refusals: [(pair: Int, problem: Problem)]
  private let pairCount: Int
  private let notes: [String]
  /// Whether items tell which pair they are of.
  private let isList: Bool
  /// What the pairs of a list are called, where they have names.
  var pairNames: [String]?

  /// - Parameter isList: whether pairs were sent as a list; one that was not may not be refused.
  /// - Throws: under `empty=error`, and where a convention refuses empty masks, with the first hundred of these; of a list
  ///   the pairs that have some are refused.
  init(_ settings: ScoreSettings, _ pairs: [Pair], isList: Bool, isJSON: Bool) throws(RequestError) {
    (self.settings, self.isList, pairCount) = (settings, isList, pairs.count)
    var (items, refusals) = ([Item](), [(pair: Int, problem: Problem)]())
    var (entryCount, unlabelled, omissions) = (0, 0, [String]())
    for (number, pair) in pairs.enumerated() {
      switch pair {
      case .scored(let scored):
        let found = zip(scored.items, scored.scores).map { item, score in
          Item(pair: number, entry: scored.hasBatch ? item.entry : nil, label: item.label, score: score)
        }
        do throws(RequestError) {
          let pointer = isList ? ScoreRoute.pointer(toPair: number) : ""
          try Self.refuseEmpty(found, settings, isJSON: isJSON, in: pointer)
          items += found
          entryCount += scored.entryCount
          unlabelled += scored.unlabelledCount
          for omission in scored.omissions where !omissions.contains(omission) { omissions.append(omission) }
        } catch {
          guard isList else { throw error }
          refusals.append((number, Problem(error)))
        }
      case .refused(let problem): refusals.append((number, problem))
      }
    }
    (self.items, self.refusals) = (items, refusals)
    notes =
      omissions.map { "\($0): its values are null" }
      + (unlabelled > 0
        ? ["\(unlabelled) of \(entryCount) pairs of masks have no label but 0, and so no items"] : [])
    empties = EmptyMasks(items.lazy.map { $0.score.empty })
  }

  /// Refuses a pair for the empty masks of its items, where the policy or the convention does.
  private static func refuseEmpty(
    _ items: [Item], _ settings: ScoreSettings, isJSON: Bool, in pointer: String
  ) throws(RequestError) {
    let isRefused: (Item) -> Bool
    switch settings.empty {
    case .error: isRefused = { $0.score.empty != nil }
    case .convention where !settings.isEveryConvention: isRefused = { $0.score.values.contains(nil) }
    default: return
    }
    let reason =
      settings.empty == .error ? "empty=error" : "convention \(settings.conventions[0].rawValue) refuses such"
    try EmptyMasks.refuse(
      items.lazy.map { isRefused($0) ? $0.score.empty : nil }, isJSON: isJSON, in: pointer,
      because: reason
    ) { index in
      "item \(items[index].entry ?? 0)" + (items[index].label.map { " (label \($0))" } ?? "")
    }
  }

  /// The metrics over all items, in the order asked for; nil with `reduction=none`.
  var reduced: [Double?] { reduced(items) }

  /// The labels that items have, ascending, and the metrics over the items of each.
  var labels: [(label: Int, reduced: [Double?])] {
    guard items.contains(where: { $0.label != nil }) else { return [] }
    return Dictionary(grouping: items.lazy.filter { $0.label != nil }) { $0.label! }
      .sorted { $0.key < $1.key }.map { ($0.key, reduced($0.value)) }
  }

  private func reduced(_ items: [Item]) -> [Double?] {
    settings.metrics.indices.map { index in settings.reduction(items.lazy.map { $0.score.values[index] }) }
  }

  /// Whether some pair has several entries.
  var hasEntries: Bool { items.contains { ($0.entry ?? 0) > 0 } }

  /// What the answer left out and why, in words.
  var warnings: [String] {
    var warnings = settings.warnings + notes
    if let summary = empties.summary() { warnings.append(summary + empties.effect(of: settings.empty)) }
    if !refusals.isEmpty {
      warnings.append("\(refusals.count) of \(pairCount) pairs could not be scored")
    }
    return warnings
  }

  /// The reply as JSON.
  var json: [UInt8] {
    var json = JSONWriter()
    let (reduced, labels, rows) = (reduced, labels, rows)
    json.object { json in
      if settings.isEveryConvention {
        json.member("loss", nil as Double?)
        json.member("conventions") { json in
          json.object { json in
            for convention in settings.conventions {
              let indices = settings.metrics.indices.filter { settings.metrics[$0].convention == convention }
              json.member(convention.rawValue) { json in
                json.object { json in writeValues(&json, indices, reduced, labels, rows) }
              }
            }
          }
        }
      } else {
        json.member("loss", reduced.first ?? nil)
        writeValues(&json, Array(settings.metrics.indices), reduced, labels, rows)
      }
      json.member("reduction", settings.reduction.rawValue)
      json.member("distance", settings.distance.rawValue)
      json.member("convention", settings.isEveryConvention ? "all" : settings.conventions[0].rawValue)
      empties.write(to: &json, warnings: warnings)
    }
    return json.bytes
  }

  /// Writes `metrics`, `labels` and `items`, with the metrics of these places.
  private func writeValues(
    _ json: inout JSONWriter, _ indices: [Int], _ reduced: [Double?],
    _ labels: [(label: Int, reduced: [Double?])], _ rows: [Row]
  ) {
    func write(_ values: [Double?], to json: inout JSONWriter) {
      for index in indices { json.member(settings.metrics[index].name, values[index]) }
    }
    json.member("metrics") { $0.object { write(reduced, to: &$0) } }
    if !labels.isEmpty {
      json.member("labels") { json in
        json.object { json in
          for (label, reduced) in labels {
            json.member("\(label)") { $0.object { write(reduced, to: &$0) } }
          }
        }
      }
    }
    json.member("items") { json in
      json.array(rows) { json, row in
        json.object { json in
          switch row {
          case .item(let item):
            if isList { writePair(item.pair, to: &json) }
            // Without labels, the items of one pair are its entries.
            if let entry = item.entry, isList || item.label != nil { json.member("entry", entry) }
            if let label = item.label { json.member("label", label) }
            write(item.score.values, to: &json)
            json.member("empty", item.score.empty?.rawValue)
          case .refusal(let pair, let problem):
            writePair(pair, to: &json)
            json.member("problem") { problem.write(to: &$0) }
          }
        }
      }
    }
  }

  private func writePair(_ pair: Int, to json: inout JSONWriter) {
    json.member("pair", pair)
    if let pairNames { json.member("name", pairNames[pair]) }
  }

  private enum Row {
    case item(Item)
    case refusal(pair: Int, Problem)

    var pair: Int {
      switch self {
      case .item(let item): item.pair
      case .refusal(let pair, _): pair
      }
    }
  }

  /// Items and refusals by their pairs.
  private var rows: [Row] {
    guard !refusals.isEmpty else { return items.map { .item($0) } }
    let rows = items.map { Row.item($0) } + refusals.map { Row.refusal(pair: $0.pair, $0.problem) }
    return rows.enumerated().sorted { ($0.element.pair, $0.offset) < ($1.element.pair, $1.offset) }.map(
      \.element)
  }
}
