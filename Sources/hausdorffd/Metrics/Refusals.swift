import CoreMetrics

/// Counts requests that were refused for who sent them or for want of room.
enum Refusals {
  enum Reason: String, CaseIterable {
    case unauthenticated, forbidden, rate, bytes, concurrency, jobs, full, memory
  }

  private static let counters = LabelledMetric(counting: .refused, "reason")

  /// Makes the counters of all reasons, so that the first refusal is seen as an increase.
  static func prepare() { for reason in Reason.allCases { counters[reason.rawValue].increment(by: 0) } }

  static func count(_ reason: Reason) { counters[reason.rawValue].increment() }
}
