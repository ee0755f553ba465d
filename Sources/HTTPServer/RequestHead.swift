/// The request line and the headers of a request, checked against the framing rules.
///
/// Holds one copy of the head's bytes; what is not asked for is not parsed.
public struct RequestHead: Sendable {
  /// One `name=value` of the query, percent-decoded, `+` taken as a space; without `=` the value is empty.
  public struct QueryItem: Sendable, Equatable {
    /// The decoded name.
    public let name: String
    /// The decoded value.
    public let value: String
  }

  /// The request's name in logs and answers: the client's Request-Id where that is 1 to 128 letters, digits or
  /// `-._:/+=@`, else generated.
  public internal(set) var id: String
  /// The method; a HEAD that is served by a GET route is still `head`.
  public internal(set) var method: Method = .other
  /// The query, in its order; names may repeat.
  public internal(set) var query: [QueryItem] = []
  /// The declared length of the body in bytes, 0 without one; `nil` where it is chunked.
  public internal(set) var contentLength: Int? = 0
  /// Where the request came from.
  public let peer: PeerAddress

  // The raw target, then the header lines as libmicrohttpd leaves them: name NUL [blanks] value NUL NUL.
  var bytes: [UInt8] = []
  var pathRange = 0..<0
  var fieldsStart = 0
  /// Whether the header lines can be walked; those of a head that was refused may not end where they should.
  var isWellFormed = false
  var fields = KnownFields()
  var expectsContinue = false

  /// Where the values lie of the headers that the server itself looks at; empty where absent.
  struct KnownFields {
    var accept = 0..<0
    var contentEncoding = 0..<0
    var contentType: Range<Int>?
    var expect = 0..<0
    var origin = 0..<0
    var requestID = 0..<0
  }

  /// The path as sent, percent escapes and all.
  public var path: String { text(pathRange) }

  /// The parsed Content-Type; `nil` where it is absent or malformed.
  public var contentType: MediaType? { fields.contentType.flatMap { MediaType(text($0)) } }

  /// What the body is packed by, in lower case; nil where it is as it is.
  public var contentCoding: String? {
    guard !fields.contentEncoding.isEmpty,
      !bytes.span.isEqual(fields.contentEncoding, ignoringCase: "identity")
    else { return nil }
    return text(fields.contentEncoding).lowercased()
  }

  /// The origin of the web page that sent the request; nil where none did.
  var origin: String? { fields.origin.isEmpty ? nil : text(fields.origin) }

  /// All headers; none where the head is malformed. Parses them anew at each call.
  public var headers: Headers {
    var headers = Headers()
    forEachField { name, value in headers.append(text(name), text(value)) }
    return headers
  }

  /// The value of the first header of that name, without building the others.
  public func header(_ name: String) -> String? {
    let lowercase = Array(name.lowercased().utf8)
    var found: Range<Int>?
    forEachField { field, value in
      if found == nil, bytes.span.isEqual(field, ignoringCase: lowercase) { found = value }
    }
    return found.map(text)
  }

  /// The most wanted of the media types by the Accept header, the first where there is no preference; `nil` where
  /// none is acceptable.
  public func preferredType(of types: [String]) -> String? {
    let accept = fields.accept
    if accept.isEmpty || bytes.span.isEqual(accept, ignoringCase: "*/*") { return types.first }
    for type in types where bytes.span.isEqual(accept, ignoringCase: type.utf8) { return type }
    return Accept(text(accept)).preferred(of: types)
  }

  func text(_ range: Range<Int>) -> String { String(decoding: bytes[range], as: UTF8.self) }

  private func forEachField(_ body: (_ name: Range<Int>, _ value: Range<Int>) -> Void) {
    guard isWellFormed else { return }
    var index = fieldsStart
    while let field = nextField(at: &index) {
      body(field.name, bytes.span.trimmed(field.value))
    }
  }

  /// The field that starts at `index`, in a head that was checked.
  private func nextField(at index: inout Int) -> (name: Range<Int>, value: Range<Int>)? {
    guard bytes[index] != 0 else { return nil }
    let start = index
    while bytes[index] != 0 { index += 1 }
    let name = start..<index
    index += 1
    let valueStart = index
    while bytes[index] != 0 { index += 1 }
    let value = valueStart..<index
    index += 2
    return (name, value)
  }
}
