import Glibc

extension ByteSource {
  /// Lends the bytes with as much readable memory behind them as the JSON reader needs, copying only where the source
  /// lacks that padding.
  func withPaddedText<Result>(
    _ body: (UnsafeRawBufferPointer) throws(FormatError) -> Result
  ) throws(FormatError) -> Result {
    guard paddingCount < JSONCursor.padding else {
      return try withBytes { (bytes) throws(FormatError) in try bytes.withUnsafeBytes(body) }
    }
    let copy = try OwnedBytes(count: count, paddingCount: JSONCursor.padding) { output in
      withBytes { $0.withUnsafeBytes { output.copyMemory(from: $0) } }
    }
    return try copy.withPaddedText(body)
  }
}
