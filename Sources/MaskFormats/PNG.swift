import CSpng
import Hausdorff

/// Images of the PNG format, as the samples that they store.
///
/// Grey images give their samples unscaled: 0 and 1 for 1 bit, 0 to 255 for 8, uint16 for 16. Palette images give the
/// index into the palette and not the colour: label maps are stored so, with the background at index 0. Colour images
/// count as grey if the three channels agree in every pixel, and an alpha channel is ignored if it is opaque everywhere;
/// both are refused otherwise. Colour profiles, gamma and whatever follows the end of the image have no effect.
public enum PNG {
  static let magic: [UInt8] = [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]

  /// Decodes `range` of `source`, all of it by default, to an array of height by width.
  ///
  /// - Throws: `FormatError` for what is not a whole, valid PNG image, for an image whose decoded form is over the limits
  ///   or larger than a file of that length can hold, and for colours and transparency that have no meaning as a mask.
  public static func decode(
    _ source: any ByteSource, range: Range<Int>? = nil, limits: FormatLimits = FormatLimits()
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
        return try samples.array(limits: limits)
      }
    }
  }
}
