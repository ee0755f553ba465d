/// What one inference spends its time on.
struct InferenceTiming: Sendable {
  /// In the order of Triton's statistics.
  enum Phase: Int, CaseIterable, Sendable {
    case queue, input, inference, output
  }

  private let start: ContinuousClock.Instant
  private var last: ContinuousClock.Instant
  private var nanoseconds = [Int](repeating: 0, count: Phase.allCases.count)

  /// Starts now.
  init() {
    start = .now
    last = start
  }

  /// What has passed since the last call, or the start, was spent on this.
  mutating func note(_ phase: Phase) {
    let now = ContinuousClock.now
    nanoseconds[phase.rawValue] += Self.nanoseconds(now - last)
    last = now
  }

  subscript(phase: Phase) -> Int { nanoseconds[phase.rawValue] }

  /// From the start until now.
  var total: Int { Self.nanoseconds(.now - start) }

  private static func nanoseconds(_ duration: Duration) -> Int {
    Int(duration.components.seconds) * 1_000_000_000 + Int(duration.components.attoseconds / 1_000_000_000)
  }
}
