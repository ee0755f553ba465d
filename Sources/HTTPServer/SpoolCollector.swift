internal import CMicrohttpd
internal import Glibc

/// Takes a body piece by piece into a file without a name.
final class SpoolCollector: Collector {
  private let path: String
  private let room: (any Admission)?
  private let limit: Int
  private var descriptor: Int32?
  private var count = 0
  private var reserved = 0

  /// Bytes that are reserved at once.
  private static let step = 1 << 20

  /// Starts a body of the declared `length`, or of at most `limit` bytes where there is none; throws 507 where the folder
  /// has no room for that length. The file is made with the first bytes.
  init(_ folder: SpoolFolder, length: Int?, limit: Int) throws(Problem) {
    path = folder.path
    room = folder.room()
    self.limit = length ?? limit
    if let length, let room, !room.hasRoom(forBytes: length) { throw .diskIsFull }
  }

  deinit {
    if let descriptor { close(descriptor) }
  }

  /// Appends; memory is not taken.
  func append(_ bytes: UnsafeRawBufferPointer, _ admission: (any Admission)?) throws(Problem) {
    guard bytes.count <= limit - count else { throw .tooLong(limit) }
    let needed = count + bytes.count
    if let room, needed > reserved {
      let steps = (needed + SpoolCollector.step - 1) / SpoolCollector.step
      let more = min(steps * SpoolCollector.step, limit) - reserved
      guard room.reserve(bytes: more) else { throw .diskIsFull }
      reserved += more
    }
    do throws(ServerError) {
      let file = if let descriptor { descriptor } else { try SpoolCollector.open(path) }
      descriptor = file
      try SpoolCollector.write(bytes, to: file)
    } catch {
      throw Problem(error)
    }
    count = needed
  }

  /// The body, which is the file's bytes in memory; throws where they cannot be mapped.
  func finish() throws(Problem) -> Body {
    guard let descriptor else { return Body.empty }
    do throws(ServerError) {
      return Body(try FileMapping(descriptor, count: count, room: room))
    } catch {
      throw Problem(error)
    }
  }

  /// A new file that has no name. open, or mkostemp and unlink where the file system knows no such files
  private static func open(_ path: String) throws(ServerError) -> Int32 {
    let descriptor = Glibc.open(path, open_without_name | O_RDWR | O_CLOEXEC, 0o600)
    guard descriptor == -1, errno == EOPNOTSUPP || errno == EISDIR || errno == EINVAL else {
      return try ServerError.check("open", descriptor)
    }
    return try openUnlinked(path)
  }

  /// The fallback, by itself for the tests.
  static func openUnlinked(_ path: String) throws(ServerError) -> Int32 {
    var name = Array("\(path)/.body-XXXXXX".utf8CString)
    let descriptor = try ServerError.check("mkostemp", mkostemp(&name, O_CLOEXEC))
    guard unlink(name) == 0 else {
      let error = ServerError(function: "unlink", code: errno)
      close(descriptor)
      throw error
    }
    return descriptor
  }

  private static func write(_ bytes: UnsafeRawBufferPointer, to descriptor: Int32) throws(ServerError) {
    var rest = bytes
    while !rest.isEmpty {
      let written = Glibc.write(descriptor, rest.baseAddress, rest.count)
      if written == -1, errno == EINTR { continue }
      try ServerError.check("write", Int32(written == -1 ? -1 : 0))
      rest = UnsafeRawBufferPointer(rebasing: rest[written...])
    }
  }
}
