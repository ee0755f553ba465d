import CSpng

/// One libspng context over a file in memory, which must stay in place meanwhile.
struct PNGDecoder: ~Copyable {
  /// Bytes that one chunk beside the image data, such as a colour profile, may take.
  private static let maximumChunkCount = 8 << 20

  private let context: OpaquePointer

  init(_ file: UnsafeRawBufferPointer) throws(FormatError) {
    guard let context = spng_ctx_new(0) else {
      throw FormatError(.tooLarge, "there is no memory for a PNG decoder")
    }
    let refuse = Int32(SPNG_CRC_ERROR.rawValue)
    let status = [
      spng_set_crc_action(context, refuse, refuse),
      spng_set_chunk_limits(context, Self.maximumChunkCount, 2 * Self.maximumChunkCount),
      spng_set_png_buffer(context, file.baseAddress, file.count),
    ].first { $0 != 0 }
    if let status {
      spng_ctx_free(context)
      throw Self.failure(status)
    }
    self.context = context
  }

  deinit { spng_ctx_free(context) }

  /// The size and kind of the image.
  func header() throws(FormatError) -> spng_ihdr {
    var header = spng_ihdr()
    try check(spng_get_ihdr(context, &header))
    return header
  }

  /// The samples as stored, each row padded to whole bytes, 16 bits in native order; `count` bytes in all.
  ///
  /// The file is read to its end, so one that was cut short anywhere fails.
  func image(count: Int) throws(FormatError) -> OwnedBytes {
    let format = Int32(SPNG_FMT_PNG.rawValue)
    var size = 0
    try check(spng_decoded_image_size(context, format, &size))
    precondition(size == count)
    var key = spng_trns()
    let header = try header()
    if header.color_type != UInt8(SPNG_COLOR_TYPE_INDEXED.rawValue), spng_get_trns(context, &key) == 0 {
      throw FormatError(
        .unsupported, "the PNG image makes one colour transparent, which has no meaning as a mask")
    }
    let bytes = try OwnedBytes(count: count) { (output) throws(FormatError) in
      try check(spng_decode_image(context, output.baseAddress, output.count, format, 0))
    }
    try check(spng_decode_chunks(context))
    return bytes
  }

  private func check(_ status: Int32) throws(FormatError) {
    guard status == 0 else { throw Self.failure(status) }
  }

  private static func failure(_ status: Int32) -> FormatError {
    FormatError(.malformed, "not a valid PNG file: \(String(cString: spng_strerror(status)))")
  }
}
