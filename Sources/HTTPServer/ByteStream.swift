/// A body that is written while it is sent, such as server-sent events: whoever holds the stream appends, from any
/// thread, and the client gets what is there.
///
/// Between the two lies a bounded buffer. A client that does not read what it is sent is cut, one that waits for more is
/// not. A server that stops ends its streams at once.
public final class ByteStream: Sendable {
  private let buffer: StreamBuffer

  private init(_ buffer: StreamBuffer) { self.buffer = buffer }

  deinit { buffer.finish() }

  /// A stream, and the content of the one response that carries it. `capacity` is the most bytes that it holds unsent,
  /// and so the longest piece.
  public static func make(capacity: Int = 256 << 10) -> (stream: ByteStream, content: Response.Content) {
    precondition(capacity > 0, "a stream has room")
    let buffer = StreamBuffer(capacity: capacity)
    return (ByteStream(buffer), .stream(ReadingEnd(buffer)))
  }

  /// Appends all of the bytes or, with `false`, none: there is no room for them now, the stream is finished or the
  /// client gone. Never waits.
  public func append(_ bytes: [UInt8]) -> Bool { bytes.withUnsafeBufferPointer(buffer.append) }

  /// Appends the UTF-8 of a text, all of it or none.
  public func append(_ text: String) -> Bool {
    var text = text
    return text.withUTF8(buffer.append)
  }

  /// Ends the body behind what was appended; the connection is kept. So does dropping the stream.
  public func finish() { buffer.finish() }

  /// How many bytes are appended and not yet handed to the client's connection.
  public var bufferedCount: Int { buffer.bufferedCount }

  /// Whether nothing more can be appended, since the stream was finished, by its holder or by the server's end.
  public var isFinished: Bool { buffer.isFinished }

  /// Whether nobody reads any more: the client has closed its side, the response has ended, or it was never sent. One
  /// system call; ask from time to time while there is nothing to append, since nothing else notices then.
  public var clientIsGone: Bool { buffer.clientIsGone }

  /// The other end of a stream, for the server. It is sent once; a second response with it is answered 500.
  public final class ReadingEnd: Sendable {
    let buffer: StreamBuffer

    init(_ buffer: StreamBuffer) { self.buffer = buffer }

    // Behind a response that was sent this does nothing: the exchange has closed the buffer before.
    deinit { buffer.close() }
  }
}
