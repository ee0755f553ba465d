import MaskFormats

/// An array out of a file that a command line names.
enum FileArray {
  /// Why there is none, with the path.
  struct Failure: Error, CustomStringConvertible {
    let description: String
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
