/// The headers of a part.
struct PartHead {
  var name: String?
  var filename: String?
  var contentType: String?

  /// Reads lines up to the empty one; the index behind it.
  mutating func read(_ bytes: Span<UInt8>, from start: Int) throws(Problem) -> Int {
    var index = start
    while true {
      let lineStart = index
      while index + 1 < bytes.count, bytes[index] != 0x0D || bytes[index + 1] != 0x0A {
        index += 1
        guard index - start < Multipart.partHeadLimit else {
          throw Problem(status: 413, detail: "The head of a part may have \(Multipart.partHeadLimit) bytes.")
        }
      }
      guard index + 1 < bytes.count else { throw Multipart.malformed("a part's head does not end") }
      let line = lineStart..<index
      index += 2
      if line.isEmpty { return index }
      try readLine(bytes, line)
    }
  }

  private mutating func readLine(_ bytes: Span<UInt8>, _ line: Range<Int>) throws(Problem) {
    var colon = line.lowerBound
    while colon < line.upperBound, ASCII.isToken(bytes[colon]) { colon += 1 }
    guard colon > line.lowerBound, colon < line.upperBound, bytes[colon] == UInt8(ascii: ":") else {
      throw Multipart.malformed("a header of a part has no name")
    }
    let field = line.lowerBound..<colon
    var value: [UInt8] = []
    for index in bytes.trimmed(colon + 1..<line.upperBound) {
      guard ASCII.isFieldValue(bytes[index]) else {
        throw Multipart.malformed("a header of a part has a control character")
      }
      value.append(bytes[index])
    }
    if bytes.isEqual(field, ignoringCase: "content-disposition") {
      try readDisposition(value)
    } else if bytes.isEqual(field, ignoringCase: "content-type") {
      contentType = String(validating: value, as: UTF8.self)
    } else if bytes.isEqual(field, ignoringCase: "content-transfer-encoding") {
      let coding = String(decoding: value, as: UTF8.self).lowercased()
      guard ["7bit", "8bit", "binary"].contains(coding) else {
        throw Multipart.malformed("a part has a transfer encoding")
      }
    }
  }

  private mutating func readDisposition(_ value: [UInt8]) throws(Problem) {
    var scanner = FieldScanner(value)
    guard name == nil, scanner.token()?.lowercased() == "form-data", let parameters = scanner.parameters(),
      Set(parameters.map(\.name)).count == parameters.count
    else { throw Multipart.malformed("a Content-Disposition is not that of a form") }
    name = parameters.first { $0.name == "name" }.map { PartHead.unescaped($0.value) }
    filename = parameters.first { $0.name == "filename" }.map { PartHead.unescaped($0.value) }
  }

  /// Browsers write a quote and a line's end in a name as %22, %0D and %0A, and nothing else that way.
  private static func unescaped(_ text: String) -> String {
    guard text.utf8.contains(UInt8(ascii: "%")) else { return text }
    var bytes = Array(text.utf8)
    for (escape, byte) in [("%22", 0x22), ("%0D", 0x0D), ("%0A", 0x0A)] as [(String, UInt8)] {
      let pattern = Array(escape.utf8)
      var index = 0
      while index + 2 < bytes.count {
        if Array(bytes[index..<index + 3]) == pattern {
          bytes.replaceSubrange(index..<index + 3, with: [byte])
        }
        index += 1
      }
    }
    return String(decoding: bytes, as: UTF8.self)
  }
}
