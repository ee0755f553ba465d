/// What answers one method on one path.
public final class Route: Sendable {
  /// The method; GET answers HEAD as well.
  public let method: Method
  /// A path such as `/v1/score` or `/v1/jobs/{id}`; a segment in braces matches any one segment.
  public let path: String
  /// The media types that the body may have; empty where none is expected: a small one is dropped unread. `anyType` alone
  /// takes any, and bodies that say none.
  public let consumes: [String]
  /// Stands for any media type.
  public static let anyType = "*/*"
  /// The content codings that the body may have; the handler undoes them.
  public let codings: [String]
  /// The media types that the answer may have, in order of preference; empty where the client is not asked.
  public let produces: [String]
  /// The longest body in bytes; `nil` leaves it to the configuration.
  public let maximumBody: Int?
  /// Where bodies are kept on disk; `nil` where they are in memory.
  public let spool: SpoolFolder?

  let admit: @Sendable (RequestHead) throws(Problem) -> (any Admission)?
  let handle: @Sendable (Request) throws(Problem) -> Answer
  let segments: [Segment]
  let consumed: [[UInt8]]

  enum Segment: Equatable {
    case literal([UInt8])
    case parameter(String)
  }

  /// Describes a route.
  ///
  /// - `spool` keeps bodies on disk instead of in memory: `maximumBody` may be more than there is memory, and the room
  ///   that `admit` gave is not asked for them. Only for a route that consumes something.
  /// - `admit` sees the head before any of the body is read; the problem that it throws is the answer.
  /// - `handle` sees the whole request. Both run on a thread that reads sockets, so they are quick.
  public init(
    _ method: Method, _ path: String, consumes: [String] = [], codings: [String] = [],
    produces: [String] = ["application/json"],
    maximumBody: Int? = nil, spool: SpoolFolder? = nil,
    admit: @escaping @Sendable (RequestHead) throws(Problem) -> (any Admission)? = { _ in nil },
    handle: @escaping @Sendable (Request) throws(Problem) -> Answer
  ) {
    precondition(path.hasPrefix("/"), "a path starts with a slash: \(path)")
    precondition(spool == nil || !consumes.isEmpty, "a route that spools consumes something: \(path)")
    self.method = method
    self.path = path
    self.consumes = consumes
    self.codings = codings
    self.produces = produces
    self.maximumBody = maximumBody
    self.spool = spool
    self.admit = admit
    self.handle = handle
    consumed = consumes.map { Array($0.lowercased().utf8) }
    segments = path.dropFirst().split(separator: "/", omittingEmptySubsequences: false).map { segment in
      segment.hasPrefix("{") && segment.hasSuffix("}")
        ? .parameter(String(segment.dropFirst().dropLast())) : .literal(Array(segment.utf8))
    }
  }

  /// The ranges of the parameters' segments where the path matches; compares bytes, decodes nothing.
  func match(_ path: Range<Int>, of bytes: Span<UInt8>) -> [Range<Int>]? {
    var ranges: [Range<Int>] = []
    var start = path.lowerBound + 1
    for (index, segment) in segments.enumerated() {
      guard start <= path.upperBound else { return nil }
      var end = start
      while end < path.upperBound, bytes[end] != UInt8(ascii: "/") { end += 1 }
      guard end == path.upperBound || index < segments.count - 1 else { return nil }
      switch segment {
      case .literal(let literal):
        guard end - start == literal.count else { return nil }
        for offset in 0..<literal.count where bytes[start + offset] != literal[offset] { return nil }
      case .parameter:
        guard end > start else { return nil }
        ranges.append(start..<end)
      }
      start = end + 1
    }
    return start == path.upperBound + 1 ? ranges : nil
  }
}
