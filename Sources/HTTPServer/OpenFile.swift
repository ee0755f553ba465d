internal import CMicrohttpd
internal import Glibc

/// A regular file that is open for reading, to be sent in answers; `deinit` closes it.
///
/// What replaces or removes the file at its path later does not matter; who shortens it in place ends the answers that
/// are being sent.
public final class OpenFile: Sendable {
  /// The length in bytes when it was opened.
  public let count: Int

  private let descriptor: Int32

  /// Opens a file; throws where it cannot be read, and EINVAL where it is a folder, a device or a pipe. open, fstat
  public init(path: String) throws(ServerError) {
    // Without O_NONBLOCK a pipe would block until somebody writes to it.
    descriptor = try ServerError.check("open", open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK))
    do throws(ServerError) {
      var status = stat()
      try ServerError.check("fstat", fstat(descriptor, &status))
      guard status.st_mode & S_IFMT == S_IFREG else { throw ServerError(function: "open", code: EINVAL) }
      count = Int(status.st_size)
    } catch {
      close(descriptor)
      throw error
    }
  }

  deinit { close(descriptor) }

  /// All of it, in memory; throws where it cannot be read. pread
  public func bytes() throws(ServerError) -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: count)
    var done = 0
    while done < count {
      let read = bytes.withUnsafeMutableBytes {
        pread(descriptor, $0.baseAddress! + done, count - done, done)
      }
      try ServerError.check("pread", Int32(clamping: read))
      // It was shortened meanwhile.
      guard read > 0 else { return Array(bytes[..<done]) }
      done += read
    }
    return bytes
  }

  /// libmicrohttpd's response of the bytes in `range`, which owns a descriptor of its own.
  /// MHD_create_response_from_fd_at_offset64
  func makeHandle(_ range: Range<Int>?) throws(ServerError) -> OpaquePointer {
    let range = range ?? 0..<count
    precondition(range.lowerBound >= 0 && range.upperBound <= count, "\(range) is not in the file")
    let duplicate = try ServerError.check("fcntl", fcntl(descriptor, F_DUPFD_CLOEXEC, 0))
    let handle = MHD_create_response_from_fd_at_offset64(
      UInt64(range.count), duplicate, UInt64(range.lowerBound))
    if handle == nil { close(duplicate) }
    return try ServerError.check("MHD_create_response_from_fd_at_offset64", handle)
  }
}
