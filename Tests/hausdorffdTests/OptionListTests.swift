import HTTPServer
import MaskFormats
import Testing

@testable import hausdorffd

/// Options as text and as JSON.
struct OptionListTests {
  private func entry(_ text: String) throws -> OptionList.Entry {
    var options = try OptionList(text: [(name: "option", value: text)])
    let entry = options.take("option")
    return try #require(entry)
  }

  private func entry(_ value: JSONValue) throws -> OptionList.Entry {
    var options = OptionList(json: [JSONMember(name: "option", value: value)])
    let entry = options.take("option")
    return try #require(entry)
  }

  @Test func `An option is taken once`() throws {
    var options = try OptionList(text: [(name: "a", value: "1"), (name: "b", value: "2")])
    let taken = [options.take("b"), options.take("b"), options.take("c")]
    #expect(try taken.map { try $0?.string() } == ["2", nil, nil])
    let error = #expect(throws: RequestError.self) { try options.refuseRest(known: ["b", "c"]) }
    #expect(error?.status == 422)
    #expect(error?.errors.map(\.location) == [.parameter("a")])
    #expect(error?.errors[0].detail.contains("b, c") == true)
    _ = options.take("a")
    #expect(throws: Never.self) { try options.refuseRest(known: []) }
  }

  @Test func `A repeated option is refused, without a look at the values`() {
    let error = #expect(throws: RequestError.self) {
      try OptionList(text: [(name: "a", value: "1"), (name: "a", value: "1")])
    }
    #expect(error?.status == 400 && error?.errors.map(\.location) == [.parameter("a")])
  }

  @Test func `At most twenty unknown options are named`() throws {
    let options = try OptionList(text: (0..<50).map { (name: "option\($0)", value: "") })
    let error = #expect(throws: RequestError.self) { try options.refuseRest(known: []) }
    #expect(error?.errors.count == 20)
  }

  @Test(
    arguments: [
      ("1", 1), ("-2.5", -2.5), ("+3", 3), ("1e3", 1000), ("1E-3", 0.001), (".5", 0.5), ("007", 7),
      ("1.7976931348623157e308", .greatestFiniteMagnitude), ("4.9e-324", .leastNonzeroMagnitude),
    ] as [(String, Double)])
  func `A number is read`(_ text: String, _ expected: Double) throws {
    #expect(try entry(text).number() == expected)
  }

  @Test(arguments: [
    "", " 1", "1 ", "one", "nan", "inf", "-infinity", "0x10", "1e400", "1;5", "1_000", "--1", "1e", "١",
    String(repeating: "1", count: 65),
  ])
  func `What is no finite number is refused`(_ text: String) throws {
    let entry = try entry(text)
    #expect(throws: RequestError.self) { try entry.number() }
    #expect(throws: RequestError.self) { try entry.numbers() }
  }

  @Test func `Lists are text between commas, arrays or single values`() throws {
    #expect(try entry("a,b,c").strings() == ["a", "b", "c"])
    #expect(try entry("a,,c").strings() == ["a", "", "c"])
    #expect(try entry(.string("a,b")).strings() == ["a", "b"])
    #expect(try entry(.array([.string("a,b"), .string("c")])).strings() == ["a,b", "c"])
    #expect(try entry("1,2.5").numbers() == [1, 2.5])
    #expect(try entry(.array([.number(1), .number(2)])).numbers() == [1, 2])
    #expect(try entry(.number(4)).numbers() == [4])
  }

  static let wrong: [JSONValue] = [.null, .bool(true), .object([]), .array([.null]), .array([.array([])])]

  @Test(arguments: wrong) func `JSON of another kind is refused`(_ value: JSONValue) throws {
    let entry = try entry(value)
    #expect(throws: RequestError.self) { try entry.string() }
    #expect(throws: RequestError.self) { try entry.number() }
    #expect(throws: RequestError.self) { try entry.strings() }
    let error = #expect(throws: RequestError.self) { try entry.numbers() }
    #expect(error?.errors.map(\.location) == [.pointer("/option")])
  }

  private enum Fruit: String, CaseIterable {
    case apple, pear
  }

  @Test func `A choice is a name of the list`() throws {
    #expect(try entry("pear").choice(Fruit.self) == .pear)
    #expect(try entry(.string("apple")).choice(Fruit.self) == .apple)
    for text in ["", "Pear", "plum", String(repeating: "x", count: 10_000)] {
      let entry = try entry(text)
      let error = #expect(throws: RequestError.self) { try entry.choice(Fruit.self) }
      #expect(error?.message.contains("apple, pear") == true && error?.message.count ?? 0 < 200)
    }
  }

  @Test func `A member's name is escaped in its pointer`() {
    var options = OptionList(json: [JSONMember(name: "a/b~", value: .null)])
    let taken = options.take("a/b~")
    #expect(taken?.location == .pointer("/a~1b~0"))
  }
}
