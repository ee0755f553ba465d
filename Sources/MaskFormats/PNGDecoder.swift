import CSpng

/// One libspng context over a file in memory, which must stay in place meanwhile.
struct PNGDecoder: ~Copyable {
  /// Bytes that one chunk beside the image data, such as a colour profile, may take.
  private static let maximumChunkCount = 8 << 20

  private let context: OpaquePointer
  private let file: UnsafeRawBufferPointer

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
    self.file = file
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
    if !header.isIndexed, spng_get_trns(context, &key) == 0 {
      throw FormatError(
        .unsupported, "the PNG image makes one colour transparent, which has no meaning here")
    }
    let bytes = try OwnedBytes(count: count) { (output) throws(FormatError) in
      // libspng adds the pixels of interlaced images of few bits to what is there.
      if header.interlace_method != 0 { output.initializeMemory(as: UInt8.self, repeating: 0) }
      try check(spng_decode_image(context, output.baseAddress, output.count, format, 0))
    }
    try check(spng_decode_chunks(context))
    try checkEnd()
    return bytes
  }

  /// Red, green, blue and opacity of each index of the palette.
  func palette() throws(FormatError) -> [SIMD4<UInt8>] {
    var palette = spng_plte()
    try check(spng_get_plte(context, &palette))
    var alphas = spng_trns()
    let alphaCount = spng_get_trns(context, &alphas) == 0 ? Int(alphas.n_type3_entries) : 0
    return withUnsafeBytes(of: &palette.entries) { entries in
      withUnsafeBytes(of: &alphas.type3_alpha) { alphas in
        let entries = entries.bindMemory(to: spng_plte_entry.self)
        return (0..<Int(palette.n_entries)).map { index in
          let entry = entries[index]
          return SIMD4(entry.red, entry.green, entry.blue, index < alphaCount ? alphas[index] : .max)
        }
      }
    }
  }

  /// libspng takes the last chunk for complete once it has read its name.
  private func checkEnd() throws(FormatError) {
    let endChunk: [UInt8] = [0, 0, 0, 0] + Array("IEND".utf8) + [0xAE, 0x42, 0x60, 0x82]
    var at = PNG.magic.count
    while at + endChunk.count <= file.count {
      if file[at...].starts(with: endChunk) { return }
      at += endChunk.count + Int(UInt32(bigEndian: file.loadUnaligned(fromByteOffset: at, as: UInt32.self)))
    }
    throw FormatError(.malformed, "not a valid PNG file: the end chunk is cut short or broken")
  }

  private func check(_ status: Int32) throws(FormatError) {
    guard status == 0 else { throw Self.failure(status) }
  }

  private static func failure(_ status: Int32) -> FormatError {
    FormatError(.malformed, "not a valid PNG file: \(String(cString: spng_strerror(status)))")
  }
}
