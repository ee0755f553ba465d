import CZlib

/// What gzip members, one behind the other, hold when inflated (RFC 1952; zlib), piece by piece.
///
/// libarchive inflates as well, but compares neither the length nor the checksum at a member's end.
final class GzipStream {
  /// The first bytes of every member.
  static let magic: [UInt8] = [0x1F, 0x8B]

  /// zlib counts in 32 bits.
  private static let maximumInputCount = 1 << 30
  /// A header of gzip, with its checksum and that of the data.
  private static let windowBits: Int32 = 15 + 16
  private let input: UnsafeRawBufferPointer
  private let output: UnsafeMutableRawBufferPointer
  /// zlib's state points back at this, so it must not move.
  private let stream: UnsafeMutablePointer<z_stream>
  private let maximumByteCount: Int
  /// Bytes of the input that zlib has taken.
  private var position = 0
  private var byteCount = 0
  private var isInMember = true

  /// Inflates `input`, which must stay in place meanwhile, to at most `maximumByteCount` bytes, at most `pieceCount` at a
  /// time.
  init(_ input: UnsafeRawBufferPointer, pieceCount: Int, maximumByteCount: Int) throws(DataSetError) {
    self.input = input
    self.maximumByteCount = maximumByteCount
    stream = .allocate(capacity: 1)
    stream.initialize(to: z_stream())
    output = .allocate(byteCount: pieceCount, alignment: 16)
    let status = inflateInit2_(
      stream, Self.windowBits, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size))
    guard status == Z_OK else { throw DataSetError(.unavailable, "there is no memory to inflate it") }
  }

  deinit {
    inflateEnd(stream)
    stream.deallocate()
    output.deallocate()
  }

  /// The next bytes, valid until the next call: as many as a piece has but at the end, behind which there are none.
  ///
  /// - Throws: `DataSetError.invalid` for bytes that are damaged, cut short or belong to no member, `tooLarge` for more
  ///   than allowed; in words without the name.
  func next() throws(DataSetError) -> UnsafeRawBufferPointer {
    var count = 0
    while count < output.count {
      if !isInMember, try !beginMember() { break }
      count += try inflatePart(into: UnsafeMutableRawBufferPointer(rebasing: output[count...]))
    }
    return UnsafeRawBufferPointer(rebasing: output[..<count])
  }

  /// Inflates as much as `room` holds, or until the member ends; the number of bytes.
  private func inflatePart(into room: UnsafeMutableRawBufferPointer) throws(DataSetError) -> Int {
    let rest = input[position...].prefix(Self.maximumInputCount)
    stream.pointee.next_in = UnsafeMutablePointer(
      mutating: UnsafeRawBufferPointer(rebasing: rest).assumingMemoryBound(to: UInt8.self).baseAddress)
    stream.pointee.avail_in = UInt32(rest.count)
    stream.pointee.next_out = room.assumingMemoryBound(to: UInt8.self).baseAddress
    stream.pointee.avail_out = UInt32(room.count)
    let status = inflate(stream, Z_NO_FLUSH)
    position += rest.count - Int(stream.pointee.avail_in)
    let count = room.count - Int(stream.pointee.avail_out)
    byteCount += count
    guard byteCount <= maximumByteCount else {
      throw DataSetError(.tooLarge, "it inflates to more than \(maximumByteCount) bytes")
    }
    switch status {
    case Z_OK: break
    case Z_STREAM_END: isInMember = false
    case Z_BUF_ERROR: throw DataSetError(.invalid, "its gzip stream is cut short")
    case Z_MEM_ERROR: throw DataSetError(.unavailable, "there is no memory to inflate it")
    default:
      let reason = stream.pointee.msg.map { String(cString: $0) } ?? "error \(status)"
      throw DataSetError(.invalid, "its gzip stream is damaged (\(reason))")
    }
    return count
  }

  /// Goes on to the next member; false where nothing but zeros, as on tapes, is left.
  private func beginMember() throws(DataSetError) -> Bool {
    let rest = input[position...]
    if !rest.starts(with: Self.magic) {
      guard rest.allSatisfy({ $0 == 0 }) else {
        throw DataSetError(.invalid, "there are \(rest.count) bytes behind its gzip stream")
      }
      position = input.count
      return false
    }
    guard inflateReset(stream) == Z_OK else { preconditionFailure("the stream was made") }
    isInMember = true
    return true
  }
}
