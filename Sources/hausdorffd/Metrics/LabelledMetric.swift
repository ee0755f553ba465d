import CoreMetrics
import HTTPServer

/// The instruments of one metric, by their labels' values.
struct LabelledMetric<Instrument: Sendable>: Sendable {
  private let name: MetricName
  private let labels: [String]
  private let make: @Sendable (String, [(String, String)]) -> Instrument
  private let made = Locked<[[String]: Instrument]>([:])

  init(
    _ name: MetricName, _ labels: String...,
    make: @escaping @Sendable (String, [(String, String)]) -> Instrument
  ) { (self.name, self.labels, self.make) = (name, labels, make) }

  /// The instrument of these values, which are as many as there are labels.
  subscript(_ values: String...) -> Instrument {
    made.withLock { made in
      if let known = made[values] { return known }
      let new = make(name.rawValue, Array(zip(labels, values)))
      made[values] = new
      return new
    }
  }
}

extension LabelledMetric where Instrument == Counter {
  init(counting name: MetricName, _ first: String, _ second: String? = nil) {
    if let second {
      self.init(name, first, second) { Counter(label: $0, dimensions: $1) }
    } else {
      self.init(name, first) { Counter(label: $0, dimensions: $1) }
    }
  }
}

extension Meter {
  /// Sets a gauge of that name.
  static func set(_ name: MetricName, _ dimensions: [(String, String)] = [], to value: some BinaryInteger) {
    Meter(label: name.rawValue, dimensions: dimensions).set(value)
  }

  static func set(_ name: MetricName, to value: Double) { Meter(label: name.rawValue).set(value) }
}
