import CoreMetrics
import HTTPServer
import MaskFormats
import Training

/// What metrics tell of the jobs of the store, whichever process runs them.
final class JobMetrics: Sendable {
  private let epochs = Timer(label: MetricName.epochDuration.rawValue)
  /// What had been seen at the last look; nil before the first.
  private let seen = Locked<Seen?>(nil)

  private struct Seen {
    /// The last event that was counted of each job that had not ended.
    var events: [String: Int]
    /// The newest job; ids grow with time.
    var newest: String
  }

  /// Looks at the store. What had been recorded before the first look is not counted, nor is what a job that goes on has
  /// recorded before it was seen.
  func collect(_ store: JobStore) throws(StoreError) {
    let counts = try store.counts()
    for state in Job.State.allCases {
      Meter.set(.jobs, [("state", state.rawValue)], to: counts[state] ?? 0)
    }
    let running = try store.jobs(state: .running, limit: 1000)
    Meter.set(
      .trainingThroughput,
      to: running.reduce(0) { $0 + (Self.number("images_per_second", in: $1.progress) ?? 0) })
    let open = try running + store.jobs(state: .queued, limit: 1000)
    let newest = try store.jobs(limit: 100)
    guard let before = seen.withLock({ $0 }) else {
      let events = open.map { ($0.id, $0.events) }
      return seen.withLock {
        $0 = Seen(events: Dictionary(events) { max($0, $1) }, newest: newest.first?.id ?? "")
      }
    }
    // Where they had got to, those too that have come and ended since.
    var last = before.events
    for job in open + newest.prefix(while: { $0.id > before.newest }) where last[job.id] == nil {
      last[job.id] = job.attempt > 1 ? job.events : 0
    }
    let now = Dictionary(open.map { ($0.id, $0.events) }) { max($0, $1) }
    for (id, number) in last where now[id] != number {
      for event in try store.events(of: id, kind: .epoch, after: number, limit: 10_000) {
        let seconds = ["seconds", "validation_seconds"].map { Self.number($0, in: event.data) ?? 0 }
        epochs.recordNanoseconds(Int64(1e9 * (seconds[0] + seconds[1])))
        last[id] = event.number
      }
    }
    let events = last.filter { now[$0.key] != nil }
    seen.withLock { $0 = Seen(events: events, newest: newest.first?.id ?? before.newest) }
  }

  private static func number(_ name: String, in object: String?) -> Double? {
    guard let object, case .object(let members)? = try? JSONValue.parse(Body(text: object)),
      case .number(let number)? = members.first(where: { $0.name == name })?.value
    else { return nil }
    return number
  }
}
