import Glibc

/// A file that is open for reading.
struct InputFile: ~Copyable {
  let path: String
  /// Its bytes when it was opened.
  let count: Int
  private let descriptor: Int32

  /// - Throws: `UNetError.system` where it cannot be opened, or is a folder or device.
  init(path: String) throws(UNetError) {
    // A pipe that nobody writes to is refused below rather than waited for.
    let descriptor = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC)
    guard descriptor >= 0 else { throw UNetError(path: path, code: errno) }
    var status = stat()
    guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
      close(descriptor)
      throw UNetError(.system, "\(path): not a file")
    }
    (self.path, self.descriptor, count) = (path, descriptor, Int(status.st_size))
  }

  deinit { close(descriptor) }

  /// Fills `bytes` with those of the file from `offset` on.
  ///
  /// - Throws: `UNetError.system`, also where the file ends before.
  func read(at offset: Int, into bytes: UnsafeMutableRawBufferPointer) throws(UNetError) {
    var done = 0
    while done < bytes.count {
      let rest = UnsafeMutableRawBufferPointer(rebasing: bytes[done...])
      let count = pread(descriptor, rest.baseAddress, rest.count, off_t(offset + done))
      if count < 0, errno == EINTR { continue }
      guard count >= 0 else { throw UNetError(path: path, code: errno) }
      guard count > 0 else { throw UNetError(.system, "\(path): the file was cut off while it was read") }
      done += count
    }
  }

  /// The bytes from `offset` on.
  func bytes(at offset: Int, count: Int) throws(UNetError) -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: count)
    try bytes.withUnsafeMutableBufferPointer { (bytes) throws(UNetError) in
      try read(at: offset, into: UnsafeMutableRawBufferPointer(bytes))
    }
    return bytes
  }

  /// Numbers as `AtomicFile` writes them.
  func floats(at offset: Int, count: Int) throws(UNetError) -> [Float] {
    var values = [Float](repeating: 0, count: count)
    try values.withUnsafeMutableBufferPointer { (values) throws(UNetError) in
      try read(at: offset, into: UnsafeMutableRawBufferPointer(values))
    }
    return values
  }
}
