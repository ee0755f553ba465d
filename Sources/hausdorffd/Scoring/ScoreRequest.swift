import HTTPServer
import Hausdorff
import MaskFormats

/// Two arrays and how to score them, checked against each other.
///
/// What there is to score, items, may depend on the values: `plan` looks at these.
final class ScoreRequest: Sendable {
  /// What the values of the arrays mean.
  private enum Values {
    /// Foreground is above the threshold; of several channels, each for itself, and beside it the label of y_true, if
    /// that has labels.
    case masks(threshold: Double)
    /// Whole numbers.
    case labels
    /// The greatest channel is the label.
    case classes
  }

  let arrays: ArrayPair
  let settings: ScoreSettings
  let scoring: ScoreOptions
  /// Why some of several conventions are left out.
  let omissions: [String]
  private let values: Values
  /// Whether y_true has labels where y_pred has channels.
  let truthIsLabels: Bool
  /// The labels or channels that are scored; nil where the values say, or where there is but one mask.
  private let labels: [Int]?

  /// Takes the options out of those of the arrays, and refuses what is left.
  convenience init(_ arrays: consuming ArrayPair) throws(RequestError) {
    let settings = try ScoreSettings(&arrays.options)
    try arrays.refuseRest(known: ScoreSettings.options)
    try self.init(arrays, settings)
  }

  init(_ arrays: consuming ArrayPair, _ settings: ScoreSettings) throws(RequestError) {
    let location = arrays.location(.prediction)
    truthIsLabels = try arrays.truthIsLabels()
    if arrays.channels > 1 {
      if let labels = settings.labels {
        throw RequestError(
          labels.location, "does not go with \(arrays.channels) channels (layout \(arrays.layout.name))")
      }
      guard arrays.channels <= 256 else {
        throw RequestError(location, "has \(arrays.channels) channels; at most 256 are scored")
      }
      values = settings.threshold.map { .masks(threshold: $0) } ?? .classes
      labels = Array((settings.background?.value == true ? 0 : 1)..<arrays.channels)
    } else if let given = settings.labels {
      values = .labels
      if case .listed(let listed) = given.value { labels = listed } else { labels = nil }
      try settings.checkLabels()
    } else {
      values = .masks(threshold: settings.threshold ?? 0.5)
      labels = nil
      if let background = settings.background {
        throw RequestError(background.location, "needs labels, or a layout with several channels")
      }
    }
    try settings.checkTolerances(labelCount: labels?.count)
    var omissions: [String] = []
    var scoring = ScoreOptions(
      metrics: settings.metrics, distance: settings.distance,
      spacing: try arrays.spacing(
        settings.spacing?.value, settings.spacing?.location ?? arrays.location(.truth),
        ScoreSettings.spacings),
      empty: settings.empty, tolerance: settings.tolerance?.value[0] ?? 1)
    if settings.spacing == nil, let own = arrays.ownSpacing {
      for convention in settings.conventions {
        guard let objection = ScoreSettings.objection(to: convention, settings.distance, own) else {
          continue
        }
        guard settings.isEveryConvention else {
          throw RequestError(
            arrays.location(.truth), "has spacing \(own), but \(objection); spacing=1,… measures in points")
        }
        scoring.omitted.insert(convention)
        omissions.append(objection)
      }
    }
    let items = arrays.batch * (labels?.count ?? 1)
    (self.arrays, self.settings, self.scoring, self.omissions) = (arrays, settings, scoring, omissions)
    try checkCount(items)
  }

  private func checkCount(_ items: Int) throws(RequestError) {
    let most = ArrayPair.maximumValues / max(1, settings.metrics.count)
    guard items <= most else {
      throw RequestError(
        arrays.location(.prediction),
        "holds \(items) items; with \(settings.metrics.count) metrics at most \(most) can be scored at once")
    }
  }

  /// Whether something said how large a point is.
  var hasSpacing: Bool { settings.spacing != nil || arrays.ownSpacing != nil }

  /// Whether scoring takes some tens of microseconds: at most one pair of 256×256 for one metric.
  ///
  /// An item costs as much as a few thousand points by itself; volumes, thin strips, unequal spacing and other conventions
  /// cost several times more a point.
  var isQuick: Bool {
    guard case .masks = values, arrays.channels == 1 else { return false }
    let space = arrays.space
    let isPlain =
      space.count == 2 && space[1] >= 32 && scoring.spacing[0] == scoring.spacing[1]
      && settings.conventions == [.modified]
    let points = arrays.points * (isPlain ? 1 : 8) + 4096
    return points <= 80_000 / scoring.metrics.count / arrays.batch
  }

  /// What there is to score.
  func plan() throws(RequestError) -> ScorePlan {
    switch values {
    case .masks(let threshold):
      var items: [ScorePlan.Item] = []
      items.reserveCapacity(arrays.batch * (labels?.count ?? 1))
      for entry in 0..<arrays.batch {
        if truthIsLabels { try checkClasses(arrays.boxes(.truth, arrays.truth, entry, nil)) }
        guard let labels else {
          items.append(ScorePlan.Item(entry: entry, label: nil, box: nil))
          continue
        }
        for label in labels { items.append(ScorePlan.Item(entry: entry, label: label, box: nil)) }
      }
      return ScorePlan(request: self, items: items, source: .masks(threshold: threshold))
    case .labels:
      return try plan(arrays.truth, arrays.prediction, labels)
    case .classes:
      let truth = truthIsLabels ? arrays.truth : try arrays.greatestChannels(.truth)
      return try plan(truth, arrays.greatestChannels(.prediction), labels)
    }
  }

  /// The plan for arrays of whole numbers.
  private func plan(
    _ truth: NumericArray, _ prediction: NumericArray, _ labels: [Int]?
  ) throws(RequestError) -> ScorePlan {
    var items: [ScorePlan.Item] = []
    let wanted = truthIsLabels ? nil : labels.map(Set.init)
    let whole = LabelMap.Box(ranges: arrays.space.map { 0..<$0 })
    for entry in 0..<arrays.batch {
      var boxes = try arrays.boxes(.truth, truth, entry, wanted)
      if truthIsLabels { try checkClasses(boxes) }
      boxes.merge(try arrays.boxes(.prediction, prediction, entry, wanted)) { $0.union($1) }
      let present = (settings.background?.value == true ? [0] : []) + boxes.keys.sorted()
      for label in labels ?? present {
        items.append(ScorePlan.Item(entry: entry, label: label, box: label == 0 ? whole : boxes[label]))
      }
      try checkCount(items.count)
    }
    if let listed = settings.labels, let labels, !settings.allowsAbsentLabels {
      let found = Set(items.lazy.filter { $0.box != nil }.map(\.label))
      if let absent = labels.first(where: { !found.contains($0) }) {
        throw RequestError(
          listed.location,
          "has \(absent), which is in neither array; with `empty` given, such a label is scored as empty masks"
        )
      }
    }
    return ScorePlan(request: self, items: items, source: .labels(truth: truth, prediction: prediction))
  }

  /// Refuses labels of y_true that are no channels of y_pred.
  private func checkClasses(_ boxes: [Int: LabelMap.Box]) throws(RequestError) {
    guard let other = boxes.keys.sorted().first(where: { !(0..<arrays.channels).contains($0) }) else {
      return
    }
    throw RequestError(
      arrays.location(.truth),
      "has the label \(other), which is no class: y_pred has channels 0 to \(arrays.channels - 1)")
  }

  /// How the item of a label is scored.
  func options(of label: Int?) -> ScoreOptions {
    guard let label, let index = labels?.firstIndex(of: label), let given = settings.tolerance?.value,
      given.count > 1
    else { return scoring }
    var options = scoring
    options.tolerance = given[index]
    return options
  }
}
