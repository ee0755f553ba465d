/// An answer to a request.
public struct Response: Sendable {
  /// What the body is made of.
  public enum Content: Sendable {
    /// Nothing, with a Content-Length of 0 where the status allows a body.
    case none
    /// Bytes, copied once.
    case bytes([UInt8])
    /// The UTF-8 of a text, copied once.
    case text(String)
    /// A constant text, sent without a copy.
    case constant(StaticString)
    /// Sent without a copy.
    case body(Body)
    /// The bytes of a file in that range, or all of them, sent by the kernel without a copy.
    case file(OpenFile, Range<Int>? = nil)
    /// What a `ByteStream` is given, as it comes; made by `ByteStream.make`.
    case stream(ByteStream.ReadingEnd)

    /// Its length in bytes; 0 for a stream.
    var count: Int {
      switch self {
      case .none: 0
      case .bytes(let bytes): bytes.count
      case .text(let text): text.utf8.count
      case .constant(let text): text.utf8CodeUnitCount
      case .body(let body): body.count
      case .file(let file, let range): range?.count ?? file.count
      case .stream: 0
      }
    }
  }

  /// The status code, 200 to 599.
  public var status: Int
  /// Headers besides Content-Length, Date, Connection and Request-Id, which the server sets.
  public var headers: Headers
  /// The body.
  public var content: Content
  /// What it tells, where that is a problem.
  var problem: Problem?
  /// Closes the connection behind this answer.
  var closesConnection = false

  /// An answer; `contentType` is put before the other headers.
  public init(
    status: Int = 200, contentType: String? = nil, headers: Headers = [:], content: Content = .none
  ) {
    precondition((200...599).contains(status), "not a final status: \(status)")
    self.status = status
    self.content = content
    self.headers = headers
    if let contentType {
      self.headers = Headers()
      self.headers.append("Content-Type", contentType)
      for field in headers { self.headers.append(field.name, field.value) }
    }
  }

  /// An answer of JSON text, not checked.
  public static func json(_ content: Content, status: Int = 200) -> Response {
    Response(status: status, contentType: "application/json", content: content)
  }
}
