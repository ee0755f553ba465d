internal import CMicrohttpd

/// An error as the client sees it: problem details for HTTP (RFC 9457).
public struct Problem: Error, Sendable {
  /// A field of the request that is at fault.
  public struct FieldError: Sendable, Equatable {
    /// The kinds of places that a field may be in.
    public enum Location: Sendable, Equatable {
      /// A query parameter, a header or a form field, by name.
      case parameter(String)
      /// A place in a JSON body, as a JSON pointer.
      case pointer(String)
    }

    /// Where the field is.
    public let location: Location
    /// What is wrong with it.
    public let detail: String

    /// Names the field and says what is wrong with it.
    public init(_ location: Location, _ detail: String) {
      self.location = location
      self.detail = detail
    }
  }

  /// A URI that identifies the kind of problem.
  public var type: String
  /// A short summary that is the same for every problem of this kind.
  public var title: String
  /// The HTTP status code, 400 to 599.
  public var status: Int
  /// What went wrong this time.
  public var detail: String?
  /// The fields at fault, in the order in which they were found.
  public var errors: [FieldError]
  /// Further headers, such as Allow or Retry-After.
  public var headers: Headers
  /// Closes the connection behind the answer, since what follows on it cannot be trusted or is not wanted.
  public var close: Bool

  /// Describes a problem; without a `title` it is the reason phrase of the status code.
  public init(
    status: Int, title: String? = nil, detail: String? = nil, type: String = "about:blank",
    errors: [FieldError] = [], headers: Headers = [:], close: Bool = false
  ) {
    precondition((400...599).contains(status), "not the status of an error: \(status)")
    self.type = type
    self.title = title ?? String(cString: MHD_get_reason_phrase_for(UInt32(status)))
    self.status = status
    self.detail = detail
    self.errors = errors
    self.headers = headers
    self.close = close
  }

  /// The request breaks the rules of framing: answered, then the connection is closed.
  static func malformed(_ detail: String) -> Problem { Problem(status: 400, detail: detail, close: true) }

  /// The server has no room for the request now.
  static func overloaded(_ detail: String) -> Problem {
    Problem(status: 503, detail: detail, headers: ["Retry-After": "1"])
  }
}

extension Response {
  /// The problem as `application/problem+json`.
  public init(_ problem: Problem) {
    var json = JSONText()
    json.append(literal: "{\"type\":")
    json.append(string: problem.type)
    json.append(literal: ",\"title\":")
    json.append(string: problem.title)
    json.append(literal: ",\"status\":\(problem.status)")
    if let detail = problem.detail {
      json.append(literal: ",\"detail\":")
      json.append(string: detail)
    }
    for (index, error) in problem.errors.enumerated() {
      json.append(literal: index == 0 ? ",\"errors\":[" : ",")
      switch error.location {
      case .parameter(let name):
        json.append(literal: "{\"parameter\":")
        json.append(string: name)
      case .pointer(let pointer):
        json.append(literal: "{\"pointer\":")
        json.append(string: pointer)
      }
      json.append(literal: ",\"detail\":")
      json.append(string: error.detail)
      json.append(literal: "}")
    }
    json.append(literal: problem.errors.isEmpty ? "}" : "]}")
    self.init(
      status: problem.status, contentType: "application/problem+json", headers: problem.headers,
      content: .bytes(json.bytes))
    closesConnection = problem.close
  }
}

/// JSON text in the making.
struct JSONText {
  private(set) var bytes: [UInt8] = []

  mutating func append(literal: String) { bytes.append(contentsOf: literal.utf8) }

  /// A string with its quotes; escapes what RFC 8259 demands.
  mutating func append(string: String) {
    bytes.append(UInt8(ascii: "\""))
    for byte in string.utf8 {
      switch byte {
      case UInt8(ascii: "\""), UInt8(ascii: "\\"): bytes.append(contentsOf: [UInt8(ascii: "\\"), byte])
      case 0..<0x20:
        let hex = String(byte, radix: 16)
        append(literal: "\\u" + String(repeating: "0", count: 4 - hex.utf8.count) + hex)
      default: bytes.append(byte)
      }
    }
    bytes.append(UInt8(ascii: "\""))
  }
}
