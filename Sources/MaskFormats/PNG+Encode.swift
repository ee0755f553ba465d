import CSpng
import Glibc

extension PNG {
  /// A grey PNG image of 8 bits.
  ///
  /// - Parameter samples: height times width of them, in C order.
  /// - Throws: `FormatError.tooLarge` where there is no memory, or for a side of 2^31 pixels or more.
  public static func encode(grey samples: [UInt8], height: Int, width: Int) throws(FormatError) -> [UInt8] {
    precondition(height > 0 && width > 0 && samples.count == height * width)
    return try encode(samples, height, width, SPNG_COLOR_TYPE_GRAYSCALE)
  }

  /// A PNG image of colours, 8 bits each, packed for drawings: rows that are like the one above take next to nothing.
  ///
  /// - Parameter samples: height times width times 3 of them, red, green and blue of each pixel, in C order.
  /// - Throws: as above.
  public static func encode(rgb samples: [UInt8], height: Int, width: Int) throws(FormatError) -> [UInt8] {
    precondition(height > 0 && width > 0 && samples.count == 3 * height * width)
    return try encode(samples, height, width, SPNG_COLOR_TYPE_TRUECOLOR, isDrawing: true)
  }

  private static func encode(
    _ samples: [UInt8], _ height: Int, _ width: Int, _ colours: spng_color_type,
    isDrawing: Bool = false
  ) throws(FormatError) -> [UInt8] {
    guard let context = spng_ctx_new(Int32(SPNG_CTX_ENCODER.rawValue)) else {
      throw FormatError(.tooLarge, "there is no memory for a PNG encoder")
    }
    defer { spng_ctx_free(context) }
    guard height <= Int32.max, width <= Int32.max else {
      throw FormatError(.tooLarge, "\(width) x \(height) pixels are too many for a PNG image")
    }
    var header = spng_ihdr()
    (header.width, header.height) = (UInt32(width), UInt32(height))
    (header.bit_depth, header.color_type) = (8, UInt8(colours.rawValue))
    func check(_ status: Int32) throws(FormatError) {
      guard status == 0 else {
        throw FormatError(
          .tooLarge, "the PNG image cannot be written: \(String(cString: spng_strerror(status)))")
      }
    }
    try check(spng_set_option(context, SPNG_ENCODE_TO_BUFFER, 1))
    if isDrawing {
      try check(spng_set_option(context, SPNG_FILTER_CHOICE, Int32(SPNG_FILTER_CHOICE_UP.rawValue)))
      try check(spng_set_option(context, SPNG_IMG_COMPRESSION_LEVEL, 4))
    }
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
