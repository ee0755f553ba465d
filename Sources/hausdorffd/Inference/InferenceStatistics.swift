import Glibc
import HTTPServer

/// How often each model was asked, and how long that took, since the server started.
final class InferenceStatistics: Sendable {
  /// A number of times, and nanoseconds in all.
  struct Figure: Sendable {
    private(set) var count = 0
    private(set) var nanoseconds = 0

    mutating func add(_ nanoseconds: Int) {
      count += 1
      self.nanoseconds += nanoseconds
    }
  }

  /// The figures of one model.
  struct Figures: Sendable {
    fileprivate(set) var success = Figure()
    fileprivate(set) var failure = Figure()
    fileprivate(set) var phases = [Figure](repeating: Figure(), count: InferenceTiming.Phase.allCases.count)
    /// Milliseconds since 1970; 0 before the first.
    fileprivate(set) var last = 0
  }

  /// Metrics have parameters in their names, so there is no end of models; those that were not asked for longest are
  /// forgotten beyond so many.
  private static let maximumCount = 4096

  private let models = Locked<[String: Figures]>([:])

  func succeeded(_ model: InferenceModel, _ timing: InferenceTiming) {
    update(model) { figures in
      figures.success.add(timing.total)
      for phase in InferenceTiming.Phase.allCases { figures.phases[phase.rawValue].add(timing[phase]) }
    }
  }

  func failed(_ model: InferenceModel, _ timing: InferenceTiming) {
    update(model) { $0.failure.add(timing.total) }
  }

  private func update(_ model: InferenceModel, _ change: (inout Figures) -> Void) {
    let now = Self.milliseconds
    models.withLock { models in
      if models[model.name] == nil, models.count >= Self.maximumCount,
        let oldest = models.min(by: { $0.value.last < $1.value.last })
      {
        models[oldest.key] = nil
      }
      change(&models[model.name, default: Figures()])
      models[model.name]?.last = now
    }
  }

  /// The figures of a model; zeros where it was not asked.
  func figures(of model: InferenceModel) -> Figures { models.withLock { $0[model.name] ?? Figures() } }

  /// Models that were asked, by their names.
  var askedNames: [String] { models.withLock { $0.keys.sorted() } }

  private static var milliseconds: Int {
    var time = timespec()
    clock_gettime(CLOCK_REALTIME, &time)
    return time.tv_sec * 1000 + time.tv_nsec / 1_000_000
  }
}
