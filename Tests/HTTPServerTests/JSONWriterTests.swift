import HTTPServer
import Testing

/// JSON as replies are written in.
struct JSONWriterTests {
  private func text(_ write: (inout JSONWriter) -> Void) -> String {
    var json = JSONWriter()
    write(&json)
    return String(decoding: json.bytes, as: UTF8.self)
  }

  @Test(
    arguments: [
      (0, "0"), (-0.0, "0"), (1, "1"), (-3, "-3"), (0.1, "0.1"), (1.0 / 3, "0.3333333333333333"),
      (999_999_999_999_999, "999999999999999"), (1e15, "1000000000000000.0"), (1e300, "1e+300"),
      (.leastNonzeroMagnitude, "5e-324"),
      (.infinity, "\"Infinity\""), (-.infinity, "\"-Infinity\""), (.nan, "\"NaN\""), (nil, "null"),
    ] as [(Double?, String)])
  func `A number has the fewest digits that give it back`(_ number: Double?, _ expected: String) {
    #expect(text { $0.value(number) } == expected)
  }

  @Test func `Numbers read back as they were`() {
    var bits: UInt64 = 1
    for _ in 0..<10_000 {
      bits = bits &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      let number = Double(bitPattern: bits)
      guard number.isFinite else { continue }
      #expect(Double(text { $0.value(number) }) == number)
    }
  }

  @Test(
    arguments: [
      ("", #""""#), ("plain", #""plain""#), (#"a "quote" \ back"#, #""a \"quote\" \\ back""#),
      ("line\nand\ttab\u{0}\u{1F}", #""line\u000aand\u0009tab\u0000\u001f""#), ("Ä 漢 🙂", #""Ä 漢 🙂""#),
      ("</script>", #""</script>""#),
    ])
  func `Text is escaped`(_ value: String, _ expected: String) {
    #expect(text { $0.value(value) } == expected)
  }

  @Test func `Commas stand between members and elements only`() {
    let nested = text { json in
      json.object { json in
        json.member("a", 1)
        json.member("b") { json in json.array([1.5, 2]) { $0.value($1) } }
        json.member("c") { json in json.object { _ in } }
        json.member("d") { json in
          json.array([[Double]](repeating: [], count: 2)) { $0.array($1) { $0.value($1) } }
        }
        json.member("e", nil as String?)
        json.member("f", nil as Double?)
        json.member("g", "text")
      }
    }
    #expect(nested == #"{"a":1,"b":[1.5,2],"c":{},"d":[[],[]],"e":null,"f":null,"g":"text"}"#)
  }
}
