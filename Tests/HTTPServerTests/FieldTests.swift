import Testing

@testable import HTTPServer

/// Field values and header lists without a server.
struct FieldTests {
  @Test(
    arguments: [
      ("application/json", "application/json", []),
      ("Text/HTML;Charset=\"utf-8\"", "text/html", ["charset=utf-8"]),
      ("a/b ; c=d ; e=\"f;\\\"g\"", "a/b", ["c=d", "e=f;\"g"]), ("a/b;", "a/b", []),
    ] as [(String, String, [String])])
  func `A media type is parsed`(_ text: String, _ name: String, _ parameters: [String]) {
    let type = MediaType(text)
    #expect(type?.name == name)
    #expect(type?.parameters.map { "\($0.name)=\($0.value)" } == parameters)
  }

  @Test(arguments: [
    "", "a", "a/", "/b", "a /b", "a/b c", "a/b;c", "a/b;=d", "a/b;c=", "a/b;c=\"d", "a/b, c/d",
  ])
  func `A malformed media type is none`(_ text: String) { #expect(MediaType(text) == nil) }

  @Test(
    arguments: [
      ("a/b, c/d", "a/b"), ("a/b;q=0.5, c/d", "c/d"), ("c/*", "c/d"), ("a/*;q=0.9, */*;q=0.1", "a/b"),
      ("c/d;q=0.3, */*;q=0.2", "c/d"), ("x/y", nil), ("a/b;q=0, c/d;q=0", nil), ("A/B;Q=1", "a/b"),
      (",,", "a/b"),
    ] as [(String, String?)])
  func `The most wanted type is found`(_ field: String, _ preferred: String?) {
    #expect(Accept(field).preferred(of: ["a/b", "c/d"]) == preferred)
  }

  @Test func `Headers keep their order and ignore case`() {
    var headers: Headers = ["A": "1", "b": "2", "a": "3"]
    #expect(headers["a"] == "1")
    #expect(headers.values(of: "A") == ["1", "3"])
    headers["a"] = "4"
    headers.append("C", "5")
    #expect(headers.map(\.name) == ["b", "a", "C"])
    headers["B"] = nil
    #expect(headers.count == 2)
  }

  @Test func `A problem has the reason phrase as its title`() {
    #expect(Problem(status: 404).title == "Not Found")
    #expect(Problem(status: 503, title: "Busy").title == "Busy")
  }

  @Test func `Generated names differ`() {
    let names = (0..<10_000).map { _ in RequestID.next() }
    #expect(Set(names).count == names.count)
  }
}
