/// Reads a head strictly (RFC 9112). libmicrohttpd lets pass what may frame a request differently here than at a
/// proxy in front: continued lines, bare line feeds, a second length. All of it is answered 400 and closed.
extension RequestHead {
  /// The most query items that a request may have.
  static let queryLimit = 256

  /// Starts a head with its raw target.
  init(target: UnsafeRawBufferPointer, peer: PeerAddress) {
    id = ""
    self.peer = peer
    bytes.reserveCapacity(target.count + 768)
    bytes.append(contentsOf: target)
  }

  /// Reads the rest. `lines` are the header lines with the empty line behind them, as libmicrohttpd leaves them:
  /// with NUL in place of each colon, CR and LF that it has recognized.
  mutating func read(method: Method, version: HTTPVersion, lines: UnsafeRawBufferPointer) throws(Problem) {
    self.method = method
    fieldsStart = bytes.count
    bytes.append(contentsOf: lines)
    try readFields(version)
    isWellFormed = true
    id = requestID ?? RequestID.next()
    try readTarget()
  }

  /// One pass over the header lines: checks their form, finds the fields that matter, decides the framing.
  private mutating func readFields(_ version: HTTPVersion) throws(Problem) {
    var framing = Framing()
    var index = fieldsStart
    let whole = self.bytes
    let bytes = whole.span
    let end = bytes.count
    while true {
      // A terminator that libmicrohttpd left in place, or one byte long, shows a bare LF or a NUL in the line.
      guard index < end else { throw .malformed("The head does not end in an empty line.") }
      if bytes[index] == 0 {
        guard index + 2 == end, bytes[index + 1] == 0 else {
          throw .malformed("A line does not end in CR LF.")
        }
        break
      }
      let nameStart = index
      while index < end, bytes[index] != 0 {
        guard ASCII.isToken(bytes[index]) else { throw .malformed("A header name is not a token.") }
        index += 1
      }
      let name = nameStart..<index
      index += 1
      while index < end, ASCII.isBlank(bytes[index]) { index += 1 }
      let valueStart = index
      while index < end, bytes[index] != 0 {
        guard ASCII.isFieldValue(bytes[index]) else { throw .malformed("A header has a control character.") }
        index += 1
      }
      let value = valueStart..<index
      guard index + 1 < end, bytes[index + 1] == 0 else { throw .malformed("A line does not end in CR LF.") }
      index += 2
      try framing.note(name, value, of: bytes, &fields)
    }
    contentLength = try framing.contentLength(version, bytes)
    expectsContinue = version == .http11 && bytes.isEqual(fields.expect, ignoringCase: "100-continue")
  }

  /// Checks the target, finds the path and decodes the query.
  private mutating func readTarget() throws(Problem) {
    let whole = self.bytes
    let bytes = whole.span
    var start = 0
    let end = fieldsStart
    for index in 0..<end {
      guard ASCII.isVisible(bytes[index]), bytes[index] != UInt8(ascii: "#") else {
        throw .malformed("The request target has a character that is not allowed.")
      }
    }
    if end == 1, bytes[0] == UInt8(ascii: "*"), method == .options {
      pathRange = 0..<1
      return
    }
    for scheme: StaticString in ["http://", "https://"]
    where end > scheme.utf8CodeUnitCount && bytes.isEqual(0..<scheme.utf8CodeUnitCount, ignoringCase: scheme)
    {
      start = scheme.utf8CodeUnitCount
      while start < end, bytes[start] != UInt8(ascii: "/") { start += 1 }
    }
    guard start < end, bytes[start] == UInt8(ascii: "/") else {
      throw .malformed("The request target is not a path.")
    }
    var index = start
    while index < end, bytes[index] != UInt8(ascii: "?") {
      if bytes[index] == UInt8(ascii: "%") {
        guard index + 2 < end, let high = ASCII.hexadecimal(bytes[index + 1]),
          let low = ASCII.hexadecimal(bytes[index + 2]), high >= 2, high << 4 | low != 0x7F
        else { throw .malformed("The path has a percent escape that is not allowed.") }
      }
      index += 1
    }
    pathRange = start..<index
    if index < end { query = try RequestHead.query(bytes, index + 1..<end) }
  }

  /// Decodes a query; empty items are passed over.
  private static func query(_ bytes: Span<UInt8>, _ range: Range<Int>) throws(Problem) -> [QueryItem] {
    var items: [QueryItem] = []
    var start = range.lowerBound
    while start < range.upperBound {
      var end = start
      var equals: Int?
      while end < range.upperBound, bytes[end] != UInt8(ascii: "&") {
        if equals == nil, bytes[end] == UInt8(ascii: "=") { equals = end }
        end += 1
      }
      if end > start {
        guard let name = Percent.decode(bytes, start..<(equals ?? end), plusIsSpace: true),
          let value = Percent.decode(bytes, (equals.map { $0 + 1 } ?? end)..<end, plusIsSpace: true)
        else { throw .malformed("The query has an escape that is malformed or not UTF-8.") }
        guard items.count < queryLimit else { throw .malformed("The query has too many items.") }
        items.append(QueryItem(name: name, value: value))
      }
      start = end + 1
    }
    return items
  }

  /// The client's Request-Id, where it is safe to log and to send back.
  private var requestID: String? {
    let range = fields.requestID
    guard (1...128).contains(range.count) else { return nil }
    let bytes = bytes.span
    for index in range where !RequestID.isSafe(bytes[index]) { return nil }
    return text(range)
  }
}

/// The protocol versions that are told apart; a later 1.x counts as 1.1.
enum HTTPVersion {
  case http10, http11
}
