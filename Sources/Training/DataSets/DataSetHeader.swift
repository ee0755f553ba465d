/// The first bytes of a data set's file, which say where the rest is; little-endian, like all of the file.
///
/// ```
/// 0   magic "hausdset"           24  where the index begins (uint64)
/// 8   version, 1 (uint32)        32  bytes of the index, which ends the file (uint64)
/// 12  channels (uint32)          40  SHA-256 of samples and index, then of the 40 bytes above
/// 16  samples (uint64)           72  zeros
/// ```
/// Behind it lie the samples in the order of the index, each at a multiple of 64 bytes: the image (channels, height,
/// width) in its scalar type, and the mask (height, width) in uint8.
struct DataSetHeader: Equatable {
  static let magic = Array("hausdset".utf8)
  static let byteCount = 128
  /// Where the digest lies, behind what it covers of the header.
  static let digestRange = 40..<40 + SHA256.byteCount
  /// What samples begin at a multiple of; zeros fill the gaps.
  static let alignment = 64
  /// A network takes far fewer.
  static let maximumChannels = 4096
  private static let version = 1

  var channels: Int
  var count: Int
  var indexOffset: Int
  var indexByteCount: Int
  var digest: [UInt8] = []

  /// What the digest covers of it.
  var described: [UInt8] {
    var bytes = Self.magic
    bytes.append(Self.version, bytes: 4)
    bytes.append(channels, bytes: 4)
    bytes.append(count, bytes: 8)
    bytes.append(indexOffset, bytes: 8)
    bytes.append(indexByteCount, bytes: 8)
    return bytes
  }

  var bytes: [UInt8] {
    let start = described + digest
    return start + [UInt8](repeating: 0, count: Self.byteCount - start.count)
  }
}

extension DataSetHeader {
  /// Parses the start of a file of `fileByteCount` bytes.
  ///
  /// - Throws: `DataSetError.invalid` for another kind of file, another version, and for parts that do not fit the file.
  init(parsing bytes: [UInt8], fileByteCount: Int, name: String) throws(DataSetError) {
    func failure(_ what: String) -> DataSetError { DataSetError(.invalid, "\(name): \(what)") }
    guard bytes.starts(with: Self.magic) else { throw failure("not a data set by its first bytes") }
    guard bytes.count == Self.byteCount else { throw failure("the data set is cut short within its header") }
    func number(_ range: Range<Int>) throws(DataSetError) -> Int {
      guard let number = bytes[range].littleEndianNumber else {
        throw failure("the header's number at byte \(range.lowerBound) is too large")
      }
      return number
    }
    let version = try number(8..<12)
    guard version == Self.version else {
      throw failure("a data set of version \(version); known is \(Self.version)")
    }
    channels = try number(12..<16)
    count = try number(16..<24)
    indexOffset = try number(24..<32)
    indexByteCount = try number(32..<40)
    digest = Array(bytes[Self.digestRange])
    guard (1...Self.maximumChannels).contains(channels) else { throw failure("\(channels) channels") }
    guard count >= 1 else { throw failure("a data set without samples") }
    guard indexOffset >= Self.byteCount, indexOffset <= fileByteCount,
      indexByteCount == fileByteCount - indexOffset
    else {
      throw failure(
        "the index should take \(indexByteCount) bytes from byte \(indexOffset) on; the file has \(fileByteCount)"
      )
    }
    guard count <= indexByteCount / DataSetEntry.byteCount else {
      throw failure("an index of \(indexByteCount) bytes cannot hold \(count) samples")
    }
    guard bytes[Self.digestRange.upperBound...].allSatisfy({ $0 == 0 }) else {
      throw failure("the header does not end in zeros")
    }
  }
}

extension [UInt8] {
  /// Adds the low `bytes` bytes of `number`, the lowest first.
  mutating func append(_ number: Int, bytes: Int) {
    for byte in 0..<bytes { append(UInt8(truncatingIfNeeded: number >> (8 * byte))) }
  }
}

extension ArraySlice<UInt8> {
  /// The number of at most 8 bytes, the lowest first; nil where Int is too small for it.
  var littleEndianNumber: Int? {
    Int(exactly: reversed().reduce(0 as UInt64) { $0 << 8 | UInt64($1) })
  }
}
