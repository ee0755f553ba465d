import Glibc
import MaskFormats

/// An array out of a file that a command line names.
enum FileArray {
  /// Why there is none, with the path.
  struct Failure: Error, CustomStringConvertible {
    let description: String
  }

  /// Writes a file, in the place of one that is there.
  static func write(_ bytes: [UInt8], to path: String) throws(Failure) {
    let descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o666)
    var rest = bytes[...]
    while descriptor >= 0, !rest.isEmpty {
      let count = rest.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
      guard count > 0 else { break }
      rest = rest.dropFirst(count)
    }
    guard descriptor >= 0, rest.isEmpty, close(descriptor) == 0 else {
      throw Failure(description: "\(path): \(String(cString: strerror(errno)))")
    }
  }

  /// Reads the file `path`.
  static func read(
    _ path: String, _ decode: (MappedFile, FormatLimits) throws(FormatError) -> NumericArray
  ) throws(Failure) -> NumericArray {
    do throws(FormatError) {
      return try decode(MappedFile(path: path), FormatLimits(maximumBytes: 1 << 40))
    } catch {
      throw Failure(description: "\(path): \(error.detail)")
    }
  }
}
