/// A file that holds one array, of a format told by its first bytes: npy, PNG or NIfTI.
public enum ArrayFile {
  /// How the names of such files end, in lower case; the longer of two that could be meant comes first.
  public static let extensions = [".png", ".npy", ".nii.gz", ".nii"]

  /// What is to be said of a file whose name has none of the extensions.
  public static var nameObjection: String {
    "neither \(extensions.dropLast().joined(separator: ", ")) nor \(extensions.last!) by its name"
  }

  /// `name` without its extension, in small letters or capitals; nil where it has none of them, or nothing before it.
  public static func stem(of name: String) -> String? {
    guard let end = extensions.first(where: { name.lowercased().hasSuffix($0) }) else { return nil }
    let stem = String(name.dropLast(end.count))
    return stem.isEmpty ? nil : stem
  }

  /// Decodes `range` of `source`, all of it by default, as a mask where it may be one or an image.
  ///
  /// - Throws: `FormatError` where the first bytes are of no known format, and what the format's decoder throws.
  public static func decode(
    _ source: any ByteSource, range: Range<Int>? = nil, limits: FormatLimits = FormatLimits()
  ) throws(FormatError) -> NumericArray {
    try decode(source, range, limits, png: PNG.decode)
  }

  /// Decodes likewise, but as an image: PNG files with colours or a palette give their three channels, last; NIfTI
  /// volumes of one slice give that.
  public static func decodeImage(
    _ source: any ByteSource, range: Range<Int>? = nil, limits: FormatLimits = FormatLimits()
  ) throws(FormatError) -> NumericArray {
    try decode(source, range, limits, png: PNG.decodeImage).slice
  }

  private static func decode(
    _ source: any ByteSource, _ range: Range<Int>?, _ limits: FormatLimits,
    png: (any ByteSource, Range<Int>?, FormatLimits) throws(FormatError) -> NumericArray
  ) throws(FormatError) -> NumericArray {
    let range = range ?? 0..<source.count
    let first = source.withBytes { bytes in
      bytes.extracting(range).extracting(first: 8).withUnsafeBytes { Array($0) }
    }
    if first.starts(with: NPY.magic) { return try NPY.decode(source, range: range, limits: limits) }
    if first.starts(with: PNG.magic) { return try png(source, range, limits) }
    if NIfTI.mayBegin(with: first) { return try NIfTI.decode(source, range: range, limits: limits) }
    throw FormatError(.unsupported, "the file is neither npy, PNG nor NIfTI by its first bytes")
  }
}
