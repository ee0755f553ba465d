/// Memory that arrays are decoded from, or kept in: a request body, a mapped file, a decoded image.
///
/// Arrays that need no conversion keep a range of their source instead of a copy, and retain it.
public protocol ByteSource: AnyObject, Sendable {
  /// Number of bytes.
  var count: Int { get }
  /// Readable bytes behind the last one; parsers that read in blocks copy where these are too few.
  var paddingCount: Int { get }
  /// Lends the bytes, without the padding, for the duration of `body`.
  func withBytes<Result, Failure: Error>(
    _ body: (RawSpan) throws(Failure) -> Result
  ) throws(Failure) -> Result
}
