import CZlib

extension Compressed {
  /// Packs bytes, fast rather than small.
  ///
  /// - Throws: `FormatError.tooLarge` where there is no memory.
  public static func encode(_ bytes: RawSpan, _ encoding: Encoding) throws(FormatError) -> [UInt8] {
    var stream = z_stream()
    // The largest window, 2^15; 16 more means gzip's header in place of zlib's.
    let status = deflateInit2_(
      &stream, Z_BEST_SPEED, Z_DEFLATED, encoding == .gzip ? 15 + 16 : 15, 8, Z_DEFAULT_STRATEGY,
      ZLIB_VERSION,
      Int32(MemoryLayout<z_stream>.size))
    guard status == Z_OK else { throw FormatError(.tooLarge, "there is no memory to deflate it") }
    defer { deflateEnd(&stream) }
    return bytes.withUnsafeBytes { input in
      let bound = Int(deflateBound(&stream, UInt(input.count)))
      return [UInt8](unsafeUninitializedCapacity: bound) { output, count in
        // zlib counts in 32 bits.
        var (read, status) = (0, Z_OK)
        repeat {
          let part = input[read...].prefix(1 << 30)
          let room = output[count...].prefix(1 << 30)
          stream.next_in = UnsafeMutablePointer(
            mutating: UnsafeRawBufferPointer(rebasing: part).assumingMemoryBound(to: UInt8.self).baseAddress)
          stream.avail_in = UInt32(part.count)
          stream.next_out = UnsafeMutableBufferPointer(rebasing: room).baseAddress
          stream.avail_out = UInt32(room.count)
          status = deflate(&stream, read + part.count == input.count ? Z_FINISH : Z_NO_FLUSH)
          read += part.count - Int(stream.avail_in)
          count += room.count - Int(stream.avail_out)
        } while status == Z_OK
        precondition(status == Z_STREAM_END, "there is room for all of it")
      }
    }
  }
}
