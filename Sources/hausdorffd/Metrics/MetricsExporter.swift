import CoreMetrics
import HTTPServer

/// A back end of swift-metrics that answers in Prometheus's text format, version 0.0.4.
///
/// Timers and recorders are histograms, in seconds; whatever is recorded once stays until the process ends.
final class MetricsExporter: MetricsFactory {
  static let contentType = "text/plain; version=0.0.4; charset=utf-8"

  private struct Family {
    let kind: String
    var instruments: [String: any Instrument] = [:]
  }

  private let families: Locked<[String: Family]>
  private let collectors = Locked<[@Sendable () -> Void]>([])

  /// - Parameter names: what is told of from the start, even before anything is recorded.
  init(_ names: [MetricName] = []) {
    families = Locked(Dictionary(uniqueKeysWithValues: names.map { ($0.rawValue, Family(kind: $0.kind)) }))
  }

  /// Has `collect` set what is looked up rather than counted, before each answer.
  func beforeEachAnswer(_ collect: @escaping @Sendable () -> Void) {
    collectors.withLock { $0.append(collect) }
  }

  /// Everything that was recorded, families and their instruments in order.
  var text: String {
    for collect in collectors.withLock({ $0 }) { collect() }
    return families.withLock { families in
      var text = ""
      for (name, family) in families.sorted(by: { $0.key < $1.key }) {
        text += "# HELP \(name) \(MetricName(rawValue: name)?.help ?? name)\n# TYPE \(name) \(family.kind)\n"
        for (labels, instrument) in family.instruments.sorted(by: { $0.key < $1.key }) {
          instrument.write(name, labels, to: &text)
        }
      }
      return text
    }
  }

  private func make<Made: Instrument>(
    _ label: String, _ dimensions: [(String, String)], _ kind: String, _ new: () -> Made
  ) -> Made {
    let labels = dimensions.map { "\($0)=\"\(Self.escaped($1))\"" }.joined(separator: ",")
    return families.withLock { families in
      if let made = families[label]?.instruments[labels] as? Made { return made }
      let made = new()
      families[label, default: Family(kind: kind)].instruments[labels] = made
      return made
    }
  }

  /// A label's value as the format wants it.
  private static func escaped(_ value: String) -> String {
    var text = ""
    for character in value.unicodeScalars {
      switch character {
      case "\\": text += "\\\\"
      case "\"": text += "\\\""
      case "\n": text += "\\n"
      default: text.unicodeScalars.append(character)
      }
    }
    return text
  }

  func makeCounter(label: String, dimensions: [(String, String)]) -> any CounterHandler {
    make(label, dimensions, "counter", Tally.init)
  }

  func makeFloatingPointCounter(
    label: String, dimensions: [(String, String)]
  ) -> any FloatingPointCounterHandler { make(label, dimensions, "counter", Figure.init) }

  func makeMeter(label: String, dimensions: [(String, String)]) -> any MeterHandler {
    make(label, dimensions, "gauge", Figure.init)
  }

  func makeRecorder(label: String, dimensions: [(String, String)], aggregate: Bool) -> any RecorderHandler {
    if aggregate { return make(label, dimensions, "histogram", Histogram.init) }
    return make(label, dimensions, "gauge", Figure.init)
  }

  func makeTimer(label: String, dimensions: [(String, String)]) -> any TimerHandler {
    make(label, dimensions, "histogram", Histogram.init)
  }

  func destroyCounter(_ handler: any CounterHandler) {}
  func destroyFloatingPointCounter(_ handler: any FloatingPointCounterHandler) {}
  func destroyMeter(_ handler: any MeterHandler) {}
  func destroyRecorder(_ handler: any RecorderHandler) {}
  func destroyTimer(_ handler: any TimerHandler) {}
}
