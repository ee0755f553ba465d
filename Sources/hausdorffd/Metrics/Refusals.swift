import CoreMetrics

/// Counts requests that were refused for who sent them or for want of room.
enum Refusals {
  enum Reason: String {
    case unauthenticated, forbidden, rate, bytes, concurrency, jobs, full
  }

  private static let counters = LabelledMetric(counting: .refused, "reason")

  static func count(_ reason: Reason) { counters[reason.rawValue].increment() }
}
