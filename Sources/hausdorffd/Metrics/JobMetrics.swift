import CoreMetrics
import HTTPServer
import MaskFormats
import Training

/// What metrics tell of the jobs of the store, whichever process runs them.
final class JobMetrics: Sendable {
  private let epochs = Timer(label: MetricName.epochDuration.rawValue)
  /// The last event that was counted of each job that was seen running; nil before the first look.
  private let counted = Locked<[String: Int]?>(nil)

  /// Looks at the store. What had been recorded before the first look is not counted.
  func collect(_ store: JobStore) throws(StoreError) {
    let counts = try store.counts()
    for state in Job.State.allCases {
      Meter.set(.jobs, [("state", state.rawValue)], to: counts[state] ?? 0)
    }
    let running = try store.jobs(state: .running, limit: 1000)
    Meter.set(
      .trainingThroughput,
      to: running.reduce(0) { $0 + (Self.number("images_per_second", in: $1.progress) ?? 0) })
    guard let before = counted.withLock({ $0 }) else {
      return counted.withLock { $0 = Dictionary(uniqueKeysWithValues: running.map { ($0.id, $0.events) }) }
    }
    var after: [String: Int] = [:]
    // Those that have ended since are looked at once more.
    for id in Set(before.keys).union(running.map(\.id)) {
      var last = before[id] ?? 0
      for event in try store.events(of: id, kind: .epoch, after: last, limit: 10_000) {
        let seconds = ["seconds", "validation_seconds"].map { Self.number($0, in: event.data) ?? 0 }
        epochs.recordNanoseconds(Int64(1e9 * (seconds[0] + seconds[1])))
        last = event.number
      }
      if running.contains(where: { $0.id == id }) { after[id] = last }
    }
    counted.withLock { $0 = after }
  }

  private static func number(_ name: String, in object: String?) -> Double? {
    guard let object, case .object(let members)? = try? JSONValue.parse(Body(text: object)),
      case .number(let number)? = members.first(where: { $0.name == name })?.value
    else { return nil }
    return number
  }
}
