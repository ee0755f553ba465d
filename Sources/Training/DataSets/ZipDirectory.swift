import Glibc

/// What can be said of a zip archive's directory before libarchive takes it into memory.
enum ZipDirectory {
  private static let entryMagic: [UInt8] = [0x50, 0x4B, 1, 2]
  private static let endMagic: [UInt8] = [0x50, 0x4B, 5, 6]
  private static let locatorMagic: [UInt8] = [0x50, 0x4B, 6, 7]
  private static let endCount = 22
  private static let locatorCount = 20
  private static let maximumCommentCount = 65_535

  /// Looks for the end of the directory, which must be that of `bytes`, and counts what may be its entries.
  ///
  /// - Throws: `DataSetError.invalid` for an archive that was cut short or has bytes behind it, `tooLarge` for more entries
  ///   than `maximumCount`; in words without the name.
  static func check(_ bytes: UnsafeRawBufferPointer, maximumCount: Int) throws(DataSetError) {
    let first = max(0, bytes.count - endCount - maximumCommentCount)
    guard
      let end = stride(from: bytes.count - endCount, through: first, by: -1).first(where: {
        bytes[$0...].starts(with: endMagic)
      })
    else { throw DataSetError(.invalid, "it is not a whole zip archive: its directory is missing") }
    let commentCount = Int(bytes[end + 20]) | Int(bytes[end + 21]) << 8
    guard end + endCount + commentCount == bytes.count else {
      throw DataSetError(.invalid, "it is not a whole zip archive, or has bytes behind its end")
    }
    guard end > 0 else { throw DataSetError(.invalid, "the zip archive holds nothing") }
    let isLarge = end >= locatorCount && bytes[(end - locatorCount)...].starts(with: locatorMagic)
    let start = bytes[end + 16..<end + 20].reversed().reduce(0) { $0 << 8 | Int($1) }
    // An entry takes several times its bytes in memory, and the number that an archive tells of may be a lie.
    try count(bytes[(isLarge ? 0 : min(start, end))..<end], maximumCount)
  }

  private static func count(_ part: Slice<UnsafeRawBufferPointer>, _ maximumCount: Int) throws(DataSetError) {
    var count = 0
    var rest = part
    while let found = memchr(rest.base.baseAddress! + rest.startIndex, Int32(entryMagic[0]), rest.count) {
      rest = rest[(UnsafeRawPointer(found) - rest.base.baseAddress!)...]
      guard rest.starts(with: entryMagic) else {
        rest = rest.dropFirst()
        continue
      }
      rest = rest.dropFirst(entryMagic.count)
      count += 1
      guard count <= maximumCount else {
        throw DataSetError(.tooLarge, "it has more than \(maximumCount) members")
      }
    }
  }
}
