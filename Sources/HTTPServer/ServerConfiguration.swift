/// How a server listens, and what it allows a client to take.
public struct ServerConfiguration: Sendable {
  /// The address to listen on, IPv4 or IPv6, or a name of one; `::` takes both.
  public var host = "127.0.0.1"
  /// The TCP port; 0 takes a free one.
  public var port = 8080
  /// Threads that read and write sockets; at least 2.
  public var threads = 2
  /// Open connections in all, divided among the threads; further ones wait in the kernel's queue.
  public var connectionLimit = 4096
  /// Bytes of libmicrohttpd's buffer for each connection. Smaller ones slow uploads down; greater ones cost every
  /// request, since the library wipes the buffer behind each.
  public var perConnectionMemory = 128 << 10
  /// The longest request head in bytes; longer ones are answered 431.
  public var headLimit = 16 << 10
  /// The longest body in bytes, where a route sets none of its own.
  public var bodyLimit = 512 << 20
  /// How much of a body is read and dropped to keep the connection of a refused request, in bytes.
  public var drainLimit = 64 << 10
  /// The time for a whole head, from its first line or from the connection's start.
  public var headDeadline = Duration.seconds(10)
  /// The time for a body, besides what `minimumBodyRate` grants; also the longest that a body may stall.
  public var bodyDeadline = Duration.seconds(30)
  /// Bytes a second: each received byte of the body extends its deadline by the time that it takes at this rate.
  public var minimumBodyRate = 64 << 10
  /// How long a connection may idle between requests, or stall while an answer is sent.
  public var idleTimeout = Duration.seconds(60)
  /// What it proves itself by; `nil` serves HTTP without TLS. TLS 1.2 and 1.3.
  public var tls: TLSCredentials?
  /// Which web pages may read the answers; `nil` leaves that to browsers, which allow pages of the same origin.
  public var cors: CORSPolicy?
  /// The Server header of answers; `nil` sends none.
  public var serverName: String?

  /// The defaults: port 8080 of 127.0.0.1.
  public init() {}
}

extension Duration {
  /// Whole milliseconds, rounded down, at least 1.
  var milliseconds: Int {
    max(1, Int(components.seconds) * 1000 + Int(components.attoseconds / 1_000_000_000_000_000))
  }
}
