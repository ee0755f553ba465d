/// What a server asks about every request, and whom it tells of it.
public struct ServerHooks: Sendable {
  /// Asked at the head of every request for who sent it, before the route is, and for the problem that refuses it, if it is to
  /// be refused. The route is nil where none takes the request. On a thread that reads sockets, so it is quick.
  public var identify: @Sendable (RequestHead, Route?) -> (caller: (any Caller)?, refusal: Problem?) = {
    _, _ in
    (nil, nil)
  }
  /// Told of every request that has ended, answered or not; likewise.
  public var observe: (@Sendable (RequestRecord) -> Void)?
  /// Told the status that the HTTP library has answered by itself to what it could not read as a request, or to a body whose
  /// chunks it could not read; likewise.
  public var observeUnreadable: @Sendable (Int) -> Void = { _ in }
  /// Gets what the server itself fails at, such as want of descriptors, from any thread.
  public var complain: @Sendable (String) -> Void = { _ in }
  /// Gets the HTTP library's messages, from any thread: mostly of clients that break the rules or go away.
  public var log: @Sendable (String) -> Void = { _ in }

  /// Asks nothing and tells nobody.
  public init() {}
}

/// Whoever sent a request, as `ServerHooks.identify` found out; kept from the request's head to its end.
public protocol Caller: AnyObject, Sendable {}

/// A request that has ended.
public struct RequestRecord: Sendable {
  /// Everything but its body.
  public let head: RequestHead
  /// The route that took it; nil where none did.
  public let route: Route?
  /// Who sent it, refused or not; nil where that is not known.
  public let caller: (any Caller)?
  /// The status of the answer; nil where the connection ended without one.
  public let status: Int?
  /// Bytes of the body as they arrived, and of the answer's body.
  public let receivedBytes, sentBytes: Int
  /// From the head's arrival to the end of the answer.
  public let duration: Duration
}
