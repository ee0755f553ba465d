import CZlib

/// What deflate packed into memory, unpacked piece by piece (RFC 1950 to 1952; zlib).
///
/// Both wrappings end in a checksum, which is compared. Of gzip there may be several members, one behind the other, and
/// zeros behind the last, as on tapes.
package final class Inflater {
  /// zlib counts in 32 bits.
  private static let maximumPartCount = 1 << 30
  private let input: UnsafeRawBufferPointer
  private let encoding: Compressed.Encoding
  private let maximumByteCount: Int
  /// zlib's state points back at this, so it must not move.
  private let stream: UnsafeMutablePointer<z_stream>
  /// Bytes of the input that zlib has taken, and those that came out.
  private var position = 0
  private var byteCount = 0
  private var isInMember = true

  /// Unpacks `input`, which must stay in place meanwhile, to at most `maximumByteCount` bytes.
  package init(
    _ input: UnsafeRawBufferPointer, _ encoding: Compressed.Encoding, maximumByteCount: Int = .max
  ) throws(FormatError) {
    self.input = input
    self.encoding = encoding
    self.maximumByteCount = maximumByteCount
    stream = .allocate(capacity: 1)
    stream.initialize(to: z_stream())
    // The largest window, 2^15; 16 more means gzip's header in place of zlib's.
    let windowBits: Int32 = encoding == .gzip ? 15 + 16 : 15
    let status = inflateInit2_(stream, windowBits, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size))
    guard status == Z_OK else { throw Self.noMemory }
  }

  deinit {
    inflateEnd(stream)
    stream.deallocate()
  }

  /// Writes the next bytes to `room`, all of it but at the end; their number.
  ///
  /// The end, with its checksum, has been seen once there were fewer than asked for.
  ///
  /// - Throws: `FormatError.malformed` for bytes that are damaged, cut short or belong to no member, `tooLarge` for more
  ///   than allowed.
  package func read(into room: UnsafeMutableRawBufferPointer) throws(FormatError) -> Int {
    var count = 0
    while count < room.count {
      if !isInMember, try !beginMember() { break }
      count += try inflatePart(into: UnsafeMutableRawBufferPointer(rebasing: room[count...]))
    }
    return count
  }

  /// Passes over the next `count` bytes, or those that are left; their number.
  func skip(_ count: Int) throws(FormatError) -> Int {
    let room = UnsafeMutableRawBufferPointer.allocate(byteCount: min(count, 64 << 10), alignment: 16)
    defer { room.deallocate() }
    var left = count
    while left > 0 {
      let part = UnsafeMutableRawBufferPointer(rebasing: room.prefix(left))
      let found = try read(into: part)
      left -= found
      if found < part.count { break }
    }
    return count - left
  }

  /// Inflates as much as `room` holds, or until the member ends; the number of bytes.
  private func inflatePart(into room: UnsafeMutableRawBufferPointer) throws(FormatError) -> Int {
    let rest = input[position...].prefix(Self.maximumPartCount)
    let wanted = min(room.count, Self.maximumPartCount)
    stream.pointee.next_in = UnsafeMutablePointer(
      mutating: UnsafeRawBufferPointer(rebasing: rest).assumingMemoryBound(to: UInt8.self).baseAddress)
    stream.pointee.avail_in = UInt32(rest.count)
    stream.pointee.next_out = room.assumingMemoryBound(to: UInt8.self).baseAddress
    stream.pointee.avail_out = UInt32(wanted)
    let status = inflate(stream, Z_NO_FLUSH)
    position += rest.count - Int(stream.pointee.avail_in)
    let count = wanted - Int(stream.pointee.avail_out)
    byteCount += count
    guard byteCount <= maximumByteCount else {
      throw FormatError(.tooLarge, "the \(encoding) stream inflates to more than \(maximumByteCount) bytes")
    }
    switch status {
    case Z_OK: break
    case Z_STREAM_END: isInMember = false
    case Z_BUF_ERROR: throw FormatError(.malformed, "the \(encoding) stream is cut short")
    case Z_MEM_ERROR: throw Self.noMemory
    case Z_NEED_DICT: throw FormatError(.malformed, "the \(encoding) stream needs a dictionary of its own")
    default:
      let reason = stream.pointee.msg.map { String(cString: $0) } ?? "error \(status)"
      throw FormatError(.malformed, "the \(encoding) stream is damaged (\(reason))")
    }
    return count
  }

  /// Goes on to the next member; false where there is none.
  private func beginMember() throws(FormatError) -> Bool {
    let rest = input[position...]
    if encoding == .gzip, rest.starts(with: Compressed.gzipMagic) {
      guard inflateReset(stream) == Z_OK else { preconditionFailure("the stream was made") }
      isInMember = true
      return true
    }
    guard rest.isEmpty || encoding == .gzip && rest.allSatisfy({ $0 == 0 }) else {
      throw FormatError(.malformed, "there are \(rest.count) bytes behind the end of the \(encoding) stream")
    }
    position = input.count
    return false
  }

  private static var noMemory: FormatError { FormatError(.tooLarge, "there is no memory to inflate it") }
}
