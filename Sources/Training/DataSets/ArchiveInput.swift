import MaskFormats

/// What libarchive reads: bytes in memory as they are, or inflated, handed on block by block.
///
/// libarchive calls back on the thread that calls it, never later; the `Archive` that does so owns this.
final class ArchiveInput {
  /// Most bytes of headers and gaps before a member, where more would be taken into memory: maps of sparse files.
  private static let maximumHeaderCount = 4 << 20
  /// A multiple of tar's blocks, so that none is split.
  private static let blockCount = 256 << 10

  /// Why reading ended, where it was not libarchive that found something at fault; in words without the name.
  private(set) var failure: DataSetError?
  /// Whether libarchive looks for a member of a tar archive.
  var isBetweenMembers = false { didSet { headerCount = 0 } }

  private let bytes: UnsafeRawBufferPointer
  /// libarchive inflates as well, but compares neither the length nor the checksum at a member's end.
  private let gzip: Inflater?
  /// Where the inflated block lies.
  private let room: UnsafeMutableRawBufferPointer?
  private var position = 0
  private var headerCount = 0

  /// Hands on `bytes`, which must stay in place meanwhile, or what they inflate to.
  init(_ bytes: UnsafeRawBufferPointer, isGzipped: Bool, maximumByteCount: Int) throws(DataSetError) {
    self.bytes = bytes
    do throws(FormatError) {
      gzip = isGzipped ? try Inflater(bytes, .gzip, maximumByteCount: maximumByteCount) : nil
    } catch {
      throw DataSetError(error)
    }
    room = isGzipped ? .allocate(byteCount: Self.blockCount, alignment: 16) : nil
  }

  deinit { room?.deallocate() }

  /// The next block, valid until the next call; an empty one at the end, and nil after a failure.
  func next() -> UnsafeRawBufferPointer? {
    do throws(DataSetError) {
      let block = try nextBlock()
      headerCount += block.count
      guard !isBetweenMembers || headerCount <= Self.maximumHeaderCount else {
        throw DataSetError(
          .invalid, "it has more than \(Self.maximumHeaderCount) bytes of headers or padding in a row")
      }
      return block
    } catch {
      failure = error
      return nil
    }
  }

  private func nextBlock() throws(DataSetError) -> UnsafeRawBufferPointer {
    if let gzip, let room {
      do throws(FormatError) {
        return UnsafeRawBufferPointer(rebasing: room[..<(try gzip.read(into: room))])
      } catch {
        throw DataSetError(error)
      }
    }
    let block = bytes[position...].prefix(Self.blockCount)
    position += block.count
    return UnsafeRawBufferPointer(rebasing: block)
  }

  /// Goes on at `offset` bytes from the start; nil where there is no such place.
  func seek(_ offset: Int) -> Int? {
    guard gzip == nil, (0...bytes.count).contains(offset) else { return nil }
    position = offset
    return offset
  }

  /// Where the next block begins, of how many bytes.
  var place: (position: Int, count: Int) { (position, bytes.count) }
}
