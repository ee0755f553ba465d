/// Parses the few Python literals that NumPy writes into headers: a dictionary, strings, booleans, tuples of integers.
struct PythonLiteralParser {
  private let text: [UInt8]
  private var at = 0

  init(_ text: [UInt8]) {
    self.text = text
  }

  /// The next byte that is not white space.
  mutating func peek() -> UInt8? {
    while at < text.count, [0x20, 0x09, 0x0A, 0x0D].contains(text[at]) { at += 1 }
    return at < text.count ? text[at] : nil
  }

  /// A whole text that is one dictionary with strings as keys: `readValue` must read the value of each key.
  mutating func dictionary(
    readValue: (inout PythonLiteralParser, String) throws(FormatError) -> Void
  ) throws(FormatError) {
    try expect(UInt8(ascii: "{"))
    while !skip(UInt8(ascii: "}")) {
      let key = try string()
      try expect(UInt8(ascii: ":"))
      try readValue(&self, key)
      guard skip(UInt8(ascii: ",")) || peek() == UInt8(ascii: "}") else { throw failure("',' or '}'") }
    }
    guard peek() == nil else { throw failure("nothing after '}'") }
  }

  /// A string in either kind of quotes. Escapes are refused: no key and no type that is supported needs one.
  mutating func string() throws(FormatError) -> String {
    guard let quote = peek(), quote == UInt8(ascii: "'") || quote == UInt8(ascii: "\"") else {
      throw failure("a string")
    }
    at += 1
    guard let end = text[at...].firstIndex(of: quote), end - at <= 256,
      !text[at..<end].contains(UInt8(ascii: "\\")),
      let string = String(validating: text[at..<end], as: UTF8.self)
    else { throw failure("a short string of UTF-8 without escapes") }
    at = end + 1
    return string
  }

  mutating func bool() throws(FormatError) -> Bool {
    for (word, value) in [("True", true), ("False", false)] {
      if peek() == word.utf8.first, text[at...].starts(with: word.utf8) {
        at += word.utf8.count
        return value
      }
    }
    throw failure("True or False")
  }

  /// A tuple of non-negative integers, as Python writes it: `()`, `(3,)`, `(3, 4)`.
  mutating func tuple() throws(FormatError) -> [Int] {
    try expect(UInt8(ascii: "("))
    var elements: [Int] = []
    var endsInComma = false
    while !skip(UInt8(ascii: ")")) {
      guard endsInComma || elements.isEmpty, elements.count < 64 else { throw failure("',' or ')'") }
      elements.append(try integer())
      endsInComma = skip(UInt8(ascii: ","))
    }
    guard elements.count != 1 || endsInComma else { throw failure("',' in a tuple of one") }
    return elements
  }

  private mutating func integer() throws(FormatError) -> Int {
    _ = peek()
    let digits = text[at...].prefix { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
    guard !digits.isEmpty, digits.count == 1 || digits.first != UInt8(ascii: "0") else {
      throw failure("an integer")
    }
    var value = 0
    for digit in digits {
      let (tens, overflow) = value.multipliedReportingOverflow(by: 10)
      let (sum, carry) = tens.addingReportingOverflow(Int(digit - UInt8(ascii: "0")))
      guard !overflow, !carry else { throw FormatError(.tooLarge, "the npy header has an axis over 2^63") }
      value = sum
    }
    at = digits.endIndex
    _ = skip(UInt8(ascii: "L"))  // Python 2 wrote long integers so
    return value
  }

  private mutating func skip(_ byte: UInt8) -> Bool {
    guard peek() == byte else { return false }
    at += 1
    return true
  }

  private mutating func expect(_ byte: UInt8) throws(FormatError) {
    guard skip(byte) else { throw failure("'\(Character(UnicodeScalar(byte)))'") }
  }

  private func failure(_ what: String) -> FormatError {
    FormatError(.malformed, "the npy header needs \(what) at its byte \(at)")
  }
}
