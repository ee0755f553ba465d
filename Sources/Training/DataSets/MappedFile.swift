import Glibc
import MaskFormats

/// A file, mapped into memory for as long as it is retained.
///
/// Reading a page that the file has lost meanwhile ends the process with SIGBUS, so what is mapped for long are files
/// that nobody else writes: they have no name, or came to it whole, by renaming.
final class MappedFile: ByteSource {
  let count: Int
  let paddingCount = 0
  private nonisolated(unsafe) let address: UnsafeMutableRawPointer?

  /// - Throws: `DataSetError.unavailable` where it cannot be opened or mapped, `invalid` for what is not a file.
  convenience init(path: String) throws(DataSetError) {
    // A pipe without a writer must not block.
    let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard descriptor >= 0 else { throw .system(path) }
    defer { close(descriptor) }
    try self.init(descriptor: descriptor, name: path)
  }

  /// Maps what is open as `descriptor`, which may be closed afterwards; messages call it `name`.
  init(descriptor: Int32, name: String) throws(DataSetError) {
    var status = stat()
    guard fstat(descriptor, &status) == 0 else { throw .system(name) }
    guard status.st_mode & S_IFMT == S_IFREG else { throw DataSetError(.invalid, "\(name): not a file") }
    count = Int(status.st_size)
    guard count > 0 else {
      address = nil
      return
    }
    address = mmap(nil, count, PROT_READ, MAP_SHARED, descriptor, 0)
    guard address != MAP_FAILED else { throw .system(name) }
  }

  deinit {
    if let address, address != MAP_FAILED { munmap(address, count) }
  }

  func withBytes<Result, Failure: Error>(
    _ body: (RawSpan) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    try body(UnsafeRawBufferPointer(start: address, count: count).bytes)
  }

  /// A copy of the part of `wanted` that is there.
  func bytes(_ wanted: Range<Int>) -> [UInt8] {
    withBytes { $0.extracting(wanted.clamped(to: 0..<count)).withUnsafeBytes { Array($0) } }
  }
}
