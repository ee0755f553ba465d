import Glibc

/// A file, mapped into memory for as long as it is retained.
///
/// Reading a page that the file has lost meanwhile ends the process with SIGBUS, so what is mapped for long are files
/// that nobody else writes: they have no name, or came to it whole, by renaming.
public final class MappedFile: ByteSource {
  public let count: Int
  public let paddingCount = 0
  private nonisolated(unsafe) let address: UnsafeMutableRawPointer?

  /// - Throws: `FormatError.unavailable` where it cannot be opened or mapped, `unsupported` for what is not a file; in
  ///   words without the path.
  public convenience init(path: String) throws(FormatError) {
    // A pipe without a writer must not block.
    let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard descriptor >= 0 else { throw .system() }
    defer { close(descriptor) }
    try self.init(descriptor: descriptor)
  }

  /// Maps what is open as `descriptor`, which may be closed afterwards.
  public init(descriptor: Int32) throws(FormatError) {
    var status = stat()
    guard fstat(descriptor, &status) == 0 else { throw .system() }
    guard status.st_mode & S_IFMT == S_IFREG else { throw FormatError(.unsupported, "not a file") }
    count = Int(status.st_size)
    guard count > 0 else {
      address = nil
      return
    }
    address = mmap(nil, count, PROT_READ, MAP_SHARED, descriptor, 0)
    guard address != MAP_FAILED else { throw .system() }
  }

  deinit {
    if let address, address != MAP_FAILED { munmap(address, count) }
  }

  public func withBytes<Result, Failure: Error>(
    _ body: (RawSpan) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    try body(UnsafeRawBufferPointer(start: address, count: count).bytes)
  }

  /// A copy of the part of `wanted` that is there.
  public func bytes(_ wanted: Range<Int>) -> [UInt8] {
    withBytes { $0.extracting(wanted.clamped(to: 0..<count)).withUnsafeBytes { Array($0) } }
  }
}

extension FormatError {
  /// What the last system call failed with.
  fileprivate static func system() -> FormatError {
    FormatError(.unavailable, String(cString: strerror(errno)))
  }
}
