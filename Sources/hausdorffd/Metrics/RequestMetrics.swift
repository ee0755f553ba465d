import CoreMetrics
import HTTPServer

/// Counts requests by route and status.
final class RequestMetrics: Sendable {
  private struct Key: Hashable {
    let route: ObjectIdentifier?
    let method: Method
    let status: Int?
  }

  private struct Instruments: Sendable {
    let count: Counter
    let duration: Timer
    let received, sent: Counter
  }

  private let known = Locked<[Key: Instruments]>([:])

  /// Counts a request that has ended.
  func observe(_ record: RequestRecord) {
    let key = Key(
      route: record.route.map(ObjectIdentifier.init), method: record.head.method, status: record.status)
    let instruments = known.withLock { known in
      if let found = known[key] { return found }
      let made = Self.instruments(record)
      known[key] = made
      return made
    }
    instruments.count.increment()
    instruments.duration.recordNanoseconds(record.duration.nanoseconds)
    instruments.received.increment(by: record.receivedBytes)
    instruments.sent.increment(by: record.sentBytes)
  }

  /// Counts what could not be read as a request.
  func observeUnreadable(status: Int) {
    let labels = [("method", Method.other.label), ("route", "none"), ("status", "\(status)")]
    Counter(label: MetricName.requests.rawValue, dimensions: labels).increment()
  }

  private static func instruments(_ record: RequestRecord) -> Instruments {
    let route = ("route", record.route?.path ?? "none")
    let method = ("method", record.head.method.label)
    let status = ("status", record.status.map { "\($0)" } ?? "none")
    return Instruments(
      count: Counter(label: MetricName.requests.rawValue, dimensions: [method, route, status]),
      duration: Timer(label: MetricName.requestDuration.rawValue, dimensions: [method, route]),
      received: Counter(label: MetricName.receivedBytes.rawValue, dimensions: [route]),
      sent: Counter(label: MetricName.sentBytes.rawValue, dimensions: [route]))
  }
}

extension Method {
  /// Its name; `other` for those that no route answers, so that clients cannot make up labels.
  var label: String { self == .other ? "other" : rawValue }
}

extension Duration {
  var nanoseconds: Int64 {
    let (seconds, attoseconds) = components
    return seconds * 1_000_000_000 + attoseconds / 1_000_000_000
  }
}
