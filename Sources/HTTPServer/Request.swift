/// A request that was received whole.
public struct Request: Sendable {
  /// Everything but the body.
  public let head: RequestHead
  /// The one of the route's `consumes` that the body is; `nil` where it has none.
  public let mediaType: String?
  /// The one of the route's `produces` that the client wants most; `nil` where it has none.
  public let answerType: String?
  /// The body; empty where the route consumes none.
  public let body: Body
  /// What the `{name}` segments of the route's path matched, percent-decoded.
  public let pathParameters: PathParameters
  /// Who sent it, as `ServerHooks.identify` said.
  public let caller: (any Caller)?
  /// The room that it was given by the route's `admit`, to take more memory with.
  public let admission: (any Admission)?

  /// The same request with another body, such as what was packed in its own.
  public func with(body: Body) -> Request {
    Request(
      head: head, mediaType: mediaType, answerType: answerType, body: body, pathParameters: pathParameters,
      caller: caller, admission: admission)
  }
}

/// The values of a route's `{name}` segments, in their order.
public struct PathParameters: Sendable {
  let names: [String]
  let values: [String]

  /// The value of the segment of that name; a name that the route lacks is a mistake of the programmer.
  public subscript(name: String) -> String {
    guard let value = value(of: name) else { preconditionFailure("no path parameter \(name)") }
    return value
  }

  /// The value of the segment of that name; nil where the route has none.
  public func value(of name: String) -> String? { names.firstIndex(of: name).map { values[$0] } }
}

/// What a handler does with a request.
public enum Answer: Sendable {
  /// Answers at once, on the thread that reads sockets: for what takes microseconds.
  case now(Response)
  /// Suspends the connection, then calls the closure on the same thread: it hands the work to another one and
  /// returns. Whoever holds the responder answers.
  case later(@Sendable (Responder) -> Void)
}

/// Room that a request takes, from its head to its completion; `deinit` gives it back.
public protocol Admission: AnyObject, Sendable {
  /// Whether a body of that declared length would fit now; `false` refuses the request with 503 before its body is read.
  /// Nothing is taken yet: a client that declares much and sends little must not keep others out.
  func hasRoom(forBytes count: Int) -> Bool

  /// Takes `bytes` more of memory: while the body arrives, where `false` refuses the request with 503, and as handlers ask.
  func reserve(bytes: Int) -> Bool

  /// Gives back some of what was reserved, before the request has ended.
  func release(bytes: Int)
}
