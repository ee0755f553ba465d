import HTTPServer
import MaskFormats

/// The options of a request, whether they came as query, form fields, JSON members or flags; each may be read once.
struct OptionList {
  /// One option as it was sent.
  struct Entry {
    let name: String
    let value: Value
    let location: Problem.FieldError.Location
  }

  enum Value {
    case text(String)
    case json(JSONValue)
  }

  private var entries: [Entry] = []
  /// Where the object is that has the options as its members; nil where they are text.
  private let pointer: String?
  /// What `read` found at fault.
  private var faults: [Problem.FieldError] = []

  /// Options that are text: lists are separated by commas. A repeated name is refused.
  init(text pairs: some Sequence<(name: String, value: String)>) throws(RequestError) {
    pointer = nil
    for pair in pairs {
      let location = Problem.FieldError.Location.parameter(pair.name)
      guard !entries.contains(where: { $0.name == pair.name }) else {
        throw RequestError(location, "is given twice", status: 400)
      }
      entries.append(Entry(name: pair.name, value: .text(pair.value), location: location))
    }
  }

  /// Options that are members of a JSON object, itself at that pointer.
  init(json members: [JSONMember], at pointer: String = "") {
    self.pointer = pointer
    entries = members.map { member in
      Entry(name: member.name, value: .json(member.value), location: location(of: member.name))
    }
  }

  /// Options that are members of a JSON object, but text where they are strings: lists, too, may be separated by commas.
  init(parameters members: [JSONMember], at pointer: String) {
    self.pointer = pointer
    entries = members.map { member in
      let value: Value = if case .string(let text) = member.value { .text(text) } else { .json(member.value) }
      return Entry(name: member.name, value: value, location: location(of: member.name))
    }
  }

  /// Where the option of that name is, or would be.
  func location(of name: String) -> Problem.FieldError.Location {
    guard let pointer else { return .parameter(name) }
    let escaped = name.map { $0 == "~" ? "~0" : $0 == "/" ? "~1" : String($0) }.joined()
    return .pointer("\(pointer)/\(escaped)")
  }

  /// An option, which stays in the list; nil where it is not given.
  subscript(name: String) -> Entry? { entries.first { $0.name == name } }

  /// Adds an option that was not given.
  mutating func add(_ name: String, _ text: String) {
    entries.append(Entry(name: name, value: .text(text), location: .parameter(name)))
  }

  /// Takes an option out of the list; nil where it is not given.
  mutating func take(_ name: String) -> Entry? {
    guard let index = entries.firstIndex(where: { $0.name == name }) else { return nil }
    return entries.remove(at: index)
  }

  /// Takes some options into a list of their own.
  mutating func takeAll(_ names: [String]) -> OptionList {
    var list = self
    list.entries = entries.filter { names.contains($0.name) }
    entries.removeAll { names.contains($0.name) }
    return list
  }

  /// Takes an option out of the list into `field`; where it is at fault, that is told by `refuseRest`.
  mutating func read<Value>(
    _ name: String, into field: inout Value, _ value: (Entry) throws(RequestError) -> Value
  ) {
    guard let option = take(name) else { return }
    do throws(RequestError) { field = try value(option) } catch { faults += error.errors }
  }

  /// Notes what is at fault; `refuseRest` tells it.
  mutating func addFault(at location: Problem.FieldError.Location, _ detail: String) {
    faults.append(Problem.FieldError(location, detail))
  }

  /// Takes the options that are members of an option, an object.
  mutating func takeList(_ name: String) -> OptionList? {
    guard let option = take(name) else { return nil }
    guard case .json(.object(let members)) = option.value, case .pointer(let pointer) = option.location else {
      faults.append(Problem.FieldError(option.location, "must be an object"))
      return nil
    }
    return OptionList(json: members, at: pointer)
  }

  /// Takes over what is at fault with `other`, all of whose options have been taken.
  mutating func takeFaults(of other: OptionList, known: [String]) {
    do throws(RequestError) { try other.refuseRest(known: known) } catch { faults += error.errors }
  }

  /// Refuses what `read` found at fault, and what nothing took.
  func refuseRest(known: [String]) throws(RequestError) {
    let unknown = entries.prefix(20).map {
      Problem.FieldError($0.location, "is not an option; options are \(known.joined(separator: ", "))")
    }
    guard faults.isEmpty, unknown.isEmpty else { throw RequestError(faults + unknown) }
  }
}

extension OptionList.Entry {
  func string() throws(RequestError) -> String {
    switch value {
    case .text(let text): return text
    case .json(.string(let text)): return text
    case .json: throw RequestError(location, "must be a string")
    }
  }

  /// A finite number.
  func number() throws(RequestError) -> Double {
    let number: Double? =
      switch value {
      case .text(let text): Self.number(text)
      case .json(.number(let number)): number
      case .json: nil
      }
    guard let number else { throw RequestError(location, "must be a finite number") }
    return number
  }

  /// A finite number within a range.
  func number(in range: ClosedRange<Double>) throws(RequestError) -> Double {
    let number = try number()
    guard range.contains(number) else {
      throw RequestError(location, "must be a number from \(range.lowerBound) to \(range.upperBound)")
    }
    return number
  }

  /// A whole number within a range.
  func integer(in range: ClosedRange<Int>) throws(RequestError) -> Int {
    guard let number = Int(exactly: try number()), range.contains(number) else {
      throw RequestError(
        location, "must be a whole number from \(range.lowerBound) to \(range.upperBound)")
    }
    return number
  }

  /// JSON's booleans, or their names as text.
  func boolean() throws(RequestError) -> Bool {
    switch value {
    case .text("true"), .json(.bool(true)): return true
    case .text("false"), .json(.bool(false)): return false
    default: throw RequestError(location, "must be true or false")
    }
  }

  /// A list: text between commas, a JSON array, or a single value.
  func strings() throws(RequestError) -> [String] {
    switch value {
    case .text(let text), .json(.string(let text)): return Self.split(text)
    case .json(.array(let values)):
      var strings: [String] = []
      for value in values {
        guard case .string(let text) = value else {
          throw RequestError(location, "must be a list of strings")
        }
        strings.append(text)
      }
      return strings
    case .json: throw RequestError(location, "must be a string or a list of strings")
    }
  }

  /// A list of finite numbers.
  func numbers() throws(RequestError) -> [Double] {
    let numbers: [Double?] =
      switch value {
      case .text(let text): Self.split(text).map(Self.number)
      case .json(.number(let number)): [number]
      case .json(.array(let values)):
        values.map { value in
          if case .number(let number) = value { number } else { nil }
        }
      case .json: [nil]
      }
    let finite = numbers.compactMap { $0 }
    guard finite.count == numbers.count else {
      throw RequestError(location, "must be a list of finite numbers")
    }
    return finite
  }

  /// A name out of an enumeration, `others` being allowed beside these.
  func choice<Choice: RawRepresentable<String> & CaseIterable>(
    _: Choice.Type, others: [String] = []
  ) throws(RequestError) -> Choice {
    let name = try string()
    guard let choice = Choice(rawValue: name) else {
      let names = (Choice.allCases.map(\.rawValue) + others).joined(separator: ", ")
      throw RequestError(location, "'\(name.prefix(40))' is not one of \(names)")
    }
    return choice
  }

  private static func split(_ text: String) -> [String] {
    text.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
  }

  /// A decimal number as JSON writes it, or with a leading plus or point.
  static func number(_ text: String) -> Double? {
    let allowed: StaticString = "0123456789+-.eE"
    guard text.utf8.count <= 64,
      text.utf8.allSatisfy({ byte in allowed.withUTF8Buffer { $0.contains(byte) } }),
      let number = Double(text),
      number.isFinite
    else { return nil }
    return number
  }
}
