import CoreMetrics
import HTTPServer
import Synchronization

/// What records one figure and writes it as Prometheus reads it.
protocol Instrument: AnyObject, Sendable {
  /// Adds its lines; `labels` are `name="value"`, comma-separated, perhaps none.
  func write(_ name: String, _ labels: String, to text: inout String)
}

/// A count.
final class Tally: Instrument, CounterHandler {
  private let count = Atomic<Int64>(0)

  func increment(by amount: Int64) { count.wrappingAdd(amount, ordering: .relaxed) }
  func reset() { count.store(0, ordering: .relaxed) }

  func write(_ name: String, _ labels: String, to text: inout String) {
    text += "\(name)\(labels.isEmpty ? "" : "{\(labels)}") \(count.load(ordering: .relaxed))\n"
  }
}

/// A number that is set or added to.
final class Figure: Instrument, MeterHandler, RecorderHandler, FloatingPointCounterHandler {
  private let value = Locked(0.0)

  func set(_ value: Int64) { set(Double(value)) }
  func set(_ value: Double) { self.value.withLock { $0 = value } }
  func record(_ value: Int64) { set(Double(value)) }
  func record(_ value: Double) { set(value) }
  func increment(by amount: Double) { value.withLock { $0 += amount } }
  func decrement(by amount: Double) { value.withLock { $0 -= amount } }
  func reset() { set(0.0) }

  func write(_ name: String, _ labels: String, to text: inout String) {
    text += "\(name)\(labels.isEmpty ? "" : "{\(labels)}") \(value.withLock { prometheusText($0) })\n"
  }
}

/// How often values fell below each of some bounds, from a tenth of a millisecond to ten minutes.
final class Histogram: Instrument, TimerHandler, RecorderHandler {
  static let bounds = [
    0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60,
    300,
    600,
  ]

  private struct State {
    var counts = [Int](repeating: 0, count: Histogram.bounds.count + 1)
    var sum = 0.0
  }

  private let state = Locked(State())

  func recordNanoseconds(_ duration: Int64) { record(1e-9 * Double(duration)) }
  func record(_ value: Int64) { record(Double(value)) }

  func record(_ value: Double) {
    let place = Self.bounds.firstIndex { value <= $0 } ?? Self.bounds.count
    state.withLock { state in
      state.counts[place] += 1
      state.sum += value
    }
  }

  func write(_ name: String, _ labels: String, to text: inout String) {
    let state = state.withLock { $0 }
    let separator = labels.isEmpty ? "" : ","
    var total = 0
    for (bound, count) in zip(Self.bounds.map(prometheusText) + ["+Inf"], state.counts) {
      total += count
      text += "\(name)_bucket{\(labels)\(separator)le=\"\(bound)\"} \(total)\n"
    }
    let suffix = labels.isEmpty ? "" : "{\(labels)}"
    text += "\(name)_sum\(suffix) \(prometheusText(state.sum))\n\(name)_count\(suffix) \(total)\n"
  }
}

/// A number as Prometheus reads it; whole ones without a fraction.
private func prometheusText(_ value: Double) -> String {
  if value.isNaN { return "NaN" }
  if value.isInfinite { return value > 0 ? "+Inf" : "-Inf" }
  if let whole = Int(exactly: value), abs(whole) < 1 << 53 { return "\(whole)" }
  return "\(value)"
}
