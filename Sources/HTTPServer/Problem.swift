internal import CMicrohttpd
internal import Glibc

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

  /// A system call or the library has failed on behalf of the request.
  init(_ error: ServerError) {
    switch error.code {
    case ENOSPC, EDQUOT, EFBIG: self = .diskIsFull
    case EMFILE, ENFILE, ENOMEM: self = .overloaded("The server lacks descriptors or memory now: \(error).")
    default: self.init(status: 500, detail: "The request cannot be answered: \(error).")
    }
  }

  /// The body is too long.
  static func tooLong(_ limit: Int) -> Problem {
    Problem(status: 413, detail: "The body may have \(limit) bytes.")
  }

  /// There is no room for a body that is kept on the disk.
  static var diskIsFull: Problem {
    Problem(status: 507, detail: "There is no room on the disk for the body now.")
  }

  /// The server has no room for the request now.
  static func overloaded(_ detail: String) -> Problem {
    Problem(status: 503, detail: detail, headers: ["Retry-After": "1"])
  }
}

extension Problem {
  /// Writes it as a JSON object, RFC 9457.
  public func write(to json: inout JSONWriter) {
    json.object { json in
      json.member("type", type)
      json.member("title", title)
      json.member("status", status)
      if let detail { json.member("detail", detail) }
      guard !errors.isEmpty else { return }
      json.member("errors") { json in
        json.array(errors) { json, error in
          json.object { json in
            switch error.location {
            case .parameter(let name): json.member("parameter", name)
            case .pointer(let pointer): json.member("pointer", pointer)
            }
            json.member("detail", error.detail)
          }
        }
      }
    }
  }
}

extension Response {
  /// The problem as `application/problem+json`.
  public init(_ problem: Problem) {
    var json = JSONWriter()
    problem.write(to: &json)
    self.init(
      status: problem.status, contentType: "application/problem+json", headers: problem.headers,
      content: .bytes(json.bytes))
    closesConnection = problem.close
    self.problem = problem
  }
}
