/// Bytes that deflate packed.
public enum Compressed {
  /// How they are wrapped, under the name that HTTP has for it (RFC 9110, 8.4.1).
  public enum Encoding: String, CaseIterable, Sendable {
    /// One or more gzip members (RFC 1952).
    case gzip
    /// One zlib stream (RFC 1950); not deflate alone, which has no checksum.
    case deflate
  }

  /// The first bytes of every gzip member.
  package static let gzipMagic: [UInt8] = [0x1F, 0x8B]

  /// Unpacks `range` of `source`, all of it by default, whose end must be the end of the stream; with as much padding as
  /// the JSON reader needs.
  ///
  /// - Throws: `FormatError.malformed` for a stream that is damaged, cut short or has other bytes behind it (zeros are
  ///   fine behind gzip), `tooLarge` where there are more than `maximumBytes` in it; memory grows with what was unpacked.
  public static func decode(
    _ source: any ByteSource, range: Range<Int>? = nil, _ encoding: Encoding, maximumBytes: Int
  ) throws(FormatError) -> any ByteSource {
    try source.withBytes { (bytes) throws(FormatError) in
      try bytes.extracting(range ?? 0..<source.count).withUnsafeBytes { (input) throws(FormatError) in
        let inflater = try Inflater(input, encoding, maximumByteCount: maximumBytes)
        // One byte more, so that the end is seen without asking for more room.
        let guess = min(4 * input.count + 4096, maximumBytes) + 1
        return try OwnedBytes(firstCapacity: guess, paddingCount: JSONCursor.padding) {
          (room) throws(FormatError) in try inflater.read(into: room)
        }
      }
    }
  }
}
