import CSpng
import Glibc

extension PNG {
  /// A grey PNG image of 8 bits.
  ///
  /// - Parameter samples: height times width of them, in C order.
  /// - Throws: `FormatError.tooLarge` where there is no memory, or for a side of 2^31 pixels or more.
  public static func encode(grey samples: [UInt8], height: Int, width: Int) throws(FormatError) -> [UInt8] {
    precondition(height > 0 && width > 0 && samples.count == height * width)
    guard let context = spng_ctx_new(Int32(SPNG_CTX_ENCODER.rawValue)) else {
      throw FormatError(.tooLarge, "there is no memory for a PNG encoder")
    }
    defer { spng_ctx_free(context) }
    guard height <= Int32.max, width <= Int32.max else {
      throw FormatError(.tooLarge, "\(width) x \(height) pixels are too many for a PNG image")
    }
    var header = spng_ihdr()
    (header.width, header.height) = (UInt32(width), UInt32(height))
    (header.bit_depth, header.color_type) = (8, UInt8(SPNG_COLOR_TYPE_GRAYSCALE.rawValue))
    func check(_ status: Int32) throws(FormatError) {
      guard status == 0 else {
        throw FormatError(
          .tooLarge, "the PNG image cannot be written: \(String(cString: spng_strerror(status)))")
      }
    }
    try check(spng_set_option(context, SPNG_ENCODE_TO_BUFFER, 1))
    try check(spng_set_ihdr(context, &header))
    let finalize = Int32(SPNG_ENCODE_FINALIZE.rawValue)
    try check(
      spng_encode_image(context, samples, samples.count, Int32(SPNG_FMT_PNG.rawValue), finalize))
    var (count, status) = (0, Int32(0))
    guard let buffer = spng_get_png_buffer(context, &count, &status) else {
      throw FormatError(
        .tooLarge, "the PNG image cannot be written: \(String(cString: spng_strerror(status)))")
    }
    defer { free(buffer) }
    return Array(UnsafeRawBufferPointer(start: buffer, count: count))
  }
}
