import Glibc
import MaskFormats

/// A file, mapped into memory for as long as it is retained.
final class MappedFile: ByteSource {
  let count: Int
  let paddingCount = 0
  private nonisolated(unsafe) let address: UnsafeMutableRawPointer?

  /// Why a file cannot be read.
  struct Failure: Error, CustomStringConvertible {
    let description: String
  }

  init(path: String) throws(Failure) {
    func failure() -> Failure { Failure(description: "\(path): \(String(cString: strerror(errno)))") }
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw failure() }
    defer { close(descriptor) }
    var status = stat()
    guard fstat(descriptor, &status) == 0 else { throw failure() }
    guard status.st_mode & S_IFMT == S_IFREG else { throw Failure(description: "\(path): not a file") }
    count = Int(status.st_size)
    guard count > 0 else {
      address = nil
      return
    }
    address = mmap(nil, count, PROT_READ, MAP_PRIVATE, descriptor, 0)
    guard address != MAP_FAILED else { throw failure() }
  }

  deinit {
    if let address { munmap(address, count) }
  }

  func withBytes<Result, Failure: Error>(
    _ body: (RawSpan) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    try body(UnsafeRawBufferPointer(start: address, count: count).bytes)
  }

  /// The array that a file holds.
  ///
  /// - Throws: `Failure`, with the path, where it cannot be read or decoded.
  static func array(
    _ path: String, _ decode: (MappedFile, FormatLimits) throws(FormatError) -> NumericArray
  ) throws(Failure) -> NumericArray {
    let file = try MappedFile(path: path)
    do throws(FormatError) {
      return try decode(file, FormatLimits(maximumBytes: 1 << 40))
    } catch {
      throw Failure(description: "\(path): \(error.detail)")
    }
  }
}
