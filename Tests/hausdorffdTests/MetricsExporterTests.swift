import CoreMetrics
import Testing

@testable import hausdorffd

struct MetricsExporterTests {
  private let exporter = MetricsExporter()

  @Test func `Counters, gauges and histograms are written as Prometheus reads them`() {
    Counter(label: "a_total", dimensions: [("b", "x")], factory: exporter).increment(by: 3)
    Counter(label: "a_total", dimensions: [("b", "x")], factory: exporter).increment()
    Counter(label: "a_total", dimensions: [("b", "y\"\\\n")], factory: exporter).increment()
    Meter(label: "c", factory: exporter).set(2.5)
    FloatingPointCounter(label: "d_total", factory: exporter).increment(by: 0.25)
    #expect(
      exporter.text == """
        # HELP a_total a_total
        # TYPE a_total counter
        a_total{b="x"} 4
        a_total{b="y\\"\\\\\\n"} 1
        # HELP c c
        # TYPE c gauge
        c 2.5
        # HELP d_total d_total
        # TYPE d_total counter
        d_total 0.25

        """)
  }

  @Test func `A histogram counts what is at most each bound`() throws {
    let timer = Timer(label: "t_seconds", dimensions: [("a", "b")], factory: exporter)
    for nanoseconds: Int64 in [0, 100_000, 100_001, 1_000_000_000, 700_000_000_000] {
      timer.recordNanoseconds(nanoseconds)
    }
    let lines = exporter.text.split(separator: "\n").map(String.init)
    func value(_ name: String) -> String? {
      lines.first { $0.hasPrefix(name + " ") }.map { String($0.dropFirst(name.count + 1)) }
    }
    #expect(value("t_seconds_bucket{a=\"b\",le=\"0.0001\"}") == "2")
    #expect(value("t_seconds_bucket{a=\"b\",le=\"0.00025\"}") == "3")
    #expect(value("t_seconds_bucket{a=\"b\",le=\"1\"}") == "4")
    #expect(value("t_seconds_bucket{a=\"b\",le=\"600\"}") == "4")
    #expect(value("t_seconds_bucket{a=\"b\",le=\"+Inf\"}") == "5")
    #expect(value("t_seconds_count{a=\"b\"}") == "5")
    let sum = try #require(value("t_seconds_sum{a=\"b\"}").flatMap(Double.init))
    #expect(abs(sum - 701.000200001) < 1e-6)
  }

  @Test func `What is looked up is set before each answer`() {
    exporter.beforeEachAnswer { [exporter] in Counter(label: "asked_total", factory: exporter).increment() }
    #expect(exporter.text.contains("\nasked_total 1\n"))
    #expect(exporter.text.contains("\nasked_total 2\n"))
  }
}
