import Hausdorff

/// What the header of a NIfTI file says of its volume: version 1, of 348 bytes, or version 2, of 540.
struct NIfTIHeader {
  /// Extents of the first two or three axes; those behind are 1.
  var shape: [Int]
  var type: ScalarType
  /// Where the volume begins in the file.
  var dataOffset: Int
  /// Whether numbers are stored in the other byte order than this machine's.
  var isByteSwapped: Bool
  /// What makes true values of those stored; nil where these are.
  var scaling: (slope: Double, intercept: Double)?
  var geometry: Geometry

  /// Bytes that tell a header, and of the shortest one.
  static let magicCount = 4
  static let shortestCount = 348

  /// Bytes of the header that begins with the 4 bytes of `start`; nil where they begin none.
  static func count(of start: some Collection<UInt8>) -> Int? {
    guard start.count >= magicCount else { return nil }
    let size = start.prefix(magicCount).reversed().reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
    return [348, 540].first { size == $0 || size.byteSwapped == $0 }
  }

  /// - Parameter bytes: the beginning of the file, with the whole header.
  init(parsing bytes: [UInt8]) throws(FormatError) {
    guard let count = Self.count(of: bytes) else {
      throw FormatError(.malformed, "not a NIfTI file: the first bytes differ")
    }
    guard bytes.count >= count else {
      throw FormatError(.malformed, "the NIfTI file ends within its header, at byte \(bytes.count)")
    }
    let fields = NIfTIFields(bytes: bytes, isLong: count == 540)
    try Self.checkMagic(fields)
    isByteSwapped = fields.isByteSwapped
    type = try Self.scalarType(code: fields.datatype)
    shape = try Self.shape(fields)
    dataOffset = try Self.dataOffset(fields, headerCount: count)
    scaling = try Self.scaling(fields)
    geometry = try Geometry(fields, rank: shape.count)
  }

  private static func checkMagic(_ fields: NIfTIFields) throws(FormatError) {
    let magic = fields.magic
    let version: UInt8 = fields.isLong ? UInt8(ascii: "2") : UInt8(ascii: "1")
    if magic.prefix(4) == [UInt8(ascii: "n"), UInt8(ascii: "i"), version, 0][...] {
      throw FormatError(
        .unsupported, "the NIfTI header belongs to a pair of files, .hdr and .img; a single file .nii is read"
      )
    }
    guard magic.prefix(4) == [UInt8(ascii: "n"), UInt8(ascii: "+"), version, 0][...] else {
      throw FormatError(.malformed, "the header has the size of a NIfTI header, but not its magic string")
    }
    // What transfers as text do to line ends; some writers leave zeros.
    guard magic.dropFirst(4).allSatisfy({ $0 == 0 }) || magic.dropFirst(4) == [0x0D, 0x0A, 0x1A, 0x0A] else {
      throw FormatError(.malformed, "the NIfTI file's line ends were changed on its way here")
    }
  }

  private static func scalarType(code: Int) throws(FormatError) -> ScalarType {
    let types: [Int: ScalarType] = [
      2: .uint8, 4: .int16, 8: .int32, 16: .float32, 64: .float64, 256: .int8, 512: .uint16, 768: .uint32,
      1024: .int64, 1280: .uint64,
    ]
    if let type = types[code] { return type }
    let names = [
      1: "bits", 32: "complex64", 128: "RGB", 1536: "float128", 1792: "complex128", 2048: "complex256",
      2304: "RGBA",
    ]
    throw FormatError(
      .unsupported,
      "NIfTI datatype \(code)\(names[code].map { " (\($0))" } ?? "") is no integer or float type")
  }

  private static func shape(_ fields: NIfTIFields) throws(FormatError) -> [Int] {
    let rank = fields.dim(0)
    guard (1...7).contains(rank) else {
      throw FormatError(.malformed, "the NIfTI header declares \(rank) axes; there may be 1 to 7")
    }
    let shape = (1...rank).map(fields.dim)
    guard shape.allSatisfy({ $0 > 0 }) else {
      throw FormatError(.malformed, "the NIfTI header declares shape \(shape); every axis needs at least 1")
    }
    guard rank > 1, shape.dropFirst(3).allSatisfy({ $0 == 1 }) else {
      throw FormatError(
        .unsupported,
        "a NIfTI volume of shape \(shape): read are 2 or 3 axes, and more only where they are 1 long")
    }
    return Array(shape.prefix(3))
  }

  private static func dataOffset(_ fields: NIfTIFields, headerCount: Int) throws(FormatError) -> Int {
    // Four bytes behind the header say whether extensions follow.
    guard let offset = fields.dataOffset, offset >= headerCount + 4 else {
      throw FormatError(
        .malformed, "the NIfTI header puts the data where they cannot be, before byte \(headerCount + 4)")
    }
    return offset
  }

  private static func scaling(_ fields: NIfTIFields) throws(FormatError) -> (
    slope: Double, intercept: Double
  )? {
    let (slope, intercept) = (fields.slope, fields.intercept)
    guard slope != 0, slope.isFinite else { return nil }
    guard intercept.isFinite else {
      throw FormatError(.malformed, "the NIfTI header has scl_slope \(slope), but scl_inter \(intercept)")
    }
    return slope == 1 && intercept == 0 ? nil : (slope, intercept)
  }
}
