import CSpng
import Hausdorff

/// Images of the PNG format, as masks or as images.
///
/// Grey files give their samples unscaled: 0 and 1 for 1 bit, 0 to 255 for 8, uint16 for 16. As a mask, a
/// file with a palette gives the index into it and not the colour: label maps are stored so, with the background at
/// index 0; a file of colours counts as grey if the three channels agree in every pixel and is refused otherwise. As an
/// image, both give their colours. Transparency is ignored if everything is opaque, and refused otherwise. Colour profiles, gamma and whatever follows the end of the image have no effect.
public enum PNG {
  static let magic: [UInt8] = [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]

  /// Decodes `range` of `source`, all of it by default, as a mask: an array of height by width.
  ///
  /// - Throws: `FormatError` for what is not a whole, valid PNG image, for an image whose decoded form is over the limits
  ///   or larger than a file of that length can hold, and for colours and transparency that have no meaning as a mask.
  public static func decode(
    _ source: any ByteSource, range: Range<Int>? = nil, limits: FormatLimits = FormatLimits()
  ) throws(FormatError) -> NumericArray {
    try decode(source, range, limits) { (samples, _) throws(FormatError) in try samples.array(limits: limits)
    }
  }

  /// Decodes `range` of `source`, all of it by default, as an image: an array of height by width where the file is grey,
  /// of height by width by 3 where it has colours or a palette, whatever these are.
  ///
  /// - Throws: `FormatError` for what is not a whole, valid PNG image, for sizes as above, and for transparency.
  public static func decodeImage(
    _ source: any ByteSource, range: Range<Int>? = nil, limits: FormatLimits = FormatLimits()
  ) throws(FormatError) -> NumericArray {
    try decode(source, range, limits) { (samples, decoder) throws(FormatError) in
      if samples.header.isIndexed {
        return try samples.colours(of: try decoder.palette(), limits: limits)
      }
      return try samples.header.channelCount >= 3
        ? samples.colours(limits: limits) : samples.array(limits: limits)
    }
  }

  /// Decodes the samples and hands them on, with the decoder that has read all of the file.
  private static func decode(
    _ source: any ByteSource, _ range: Range<Int>?, _ limits: FormatLimits,
    _ finish: (PNGSamples, borrowing PNGDecoder) throws(FormatError) -> NumericArray
  ) throws(FormatError) -> NumericArray {
    let range = range ?? 0..<source.count
    return try source.withBytes { (bytes) throws(FormatError) in
      try bytes.extracting(range).withUnsafeBytes { (file) throws(FormatError) in
        let decoder = try PNGDecoder(file)
        let header = try decoder.header()
        let shape = [Int(header.height), Int(header.width)]
        _ = try limits.byteCount(shape: shape, type: header.type)
        // As stored, with all channels, at most eight times as large: no overflow.
        let size = header.rowCount * shape[0]
        guard size <= limits.maximumBytes else {
          throw FormatError(
            .tooLarge,
            "a PNG image of \(shape[1]) x \(shape[0]) pixels is over the limit of \(limits.maximumBytes) bytes"
          )
        }
        // Deflate never packs more than 1032 bytes into one, so a short file that declares more is a lie.
        guard size / 1032 <= file.count else {
          throw FormatError(
            .malformed, "a PNG file of \(file.count) bytes cannot hold \(shape[1]) x \(shape[0]) pixels")
        }
        let samples = PNGSamples(header: header, bytes: try decoder.image(count: size))
        return try finish(samples, decoder)
      }
    }
  }
}
