import CoreMetrics
import Hausdorff

/// Counts what was scored.
enum ScoreMetrics {
  private static let items = LabelledMetric(counting: .itemsScored, "metric", "convention")
  private static let losses = LabelledMetric(counting: .losses, "loss")
  private static let empties = LabelledMetric(counting: .emptyMasks, "side")

  /// Makes the counters whose labels are known.
  static func prepare() {
    for side in [EmptySide.truth, .prediction, .both] { empties[side.rawValue].increment(by: 0) }
    items[Metric.averageHausdorff.name, Convention.modified.rawValue].increment(by: 0)
    for name in LossTerm.differentiableNames { losses[name].increment(by: 0) }
  }

  static func count(_ reply: ScoreReply) {
    guard !reply.items.isEmpty else { return }
    for metric in reply.settings.metrics {
      items[metric.label, metric.convention.rawValue].increment(by: reply.items.count)
    }
    count(reply.empties)
  }

  static func count(_ reply: LossReply) {
    for term in reply.request.function.terms {
      let name = if case .score(let metric) = term.kind { metric.label } else { term.name }
      losses[name].increment(by: reply.value.items.count)
    }
    count(reply.empties)
  }

  private static func count(_ masks: EmptyMasks) {
    for side in [EmptySide.truth, .prediction, .both] {
      let count = masks.count(side)
      if count > 0 { empties[side.rawValue].increment(by: count) }
    }
  }
}

extension Metric {
  /// Its name, but one for all percentiles other than the usual: clients must not make labels up.
  fileprivate var label: String {
    guard case .hausdorffPercentile(let percent) = kind else { return name }
    let stem = percent == 95 ? "hausdorff_95" : "hausdorff_Q"
    return direction.map { "\(stem)_\($0.rawValue)" } ?? stem
  }
}
