/// A folder where a route's bodies are kept while they are received and handled, instead of in memory.
///
/// A body is a file without a name there, so nothing stays behind, whatever happens.
public struct SpoolFolder: Sendable {
  /// The folder's path.
  let path: String
  /// Makes the room on the disk of one body.
  let room: @Sendable () -> (any Admission)?

  /// Names a folder that exists. `room` is asked for each body, at its head: what it returns is asked whether a declared
  /// length fits, then to reserve bytes as they arrive, and is let go with the body. A refusal answers 507.
  public init(_ path: String, room: @escaping @Sendable () -> (any Admission)? = { nil }) {
    self.path = path
    self.room = room
  }
}
