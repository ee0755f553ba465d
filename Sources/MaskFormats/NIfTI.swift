import Hausdorff

/// Volumes of the formats NIfTI-1 and NIfTI-2 in a single file, `.nii`, or packed by gzip, `.nii.gz`.
///
/// The axes of the array are those stored, i, j and k, the first of them outermost: `array[i, j, k]` is what nibabel has
/// there. There are two or three; more only as far as they are 1 long, and left out. Values are those stored, or float64
/// where the header scales them. The array's geometry is what the header says of distances and orientation; extensions,
/// intent, units and bitpix have no effect.
public enum NIfTI {
  /// Whether a file that begins so is one, or is packed and may hold one.
  static func mayBegin(with bytes: [UInt8]) -> Bool {
    bytes.starts(with: Compressed.gzipMagic) || NIfTIHeader.count(of: bytes) != nil
  }

  /// Decodes `range` of `source`, all of it by default.
  ///
  /// - Throws: `FormatError` for a broken header, a type that is not an integer or float, more axes or larger than the
  ///   limits allow, for data that are not exactly as long as the header says, and for gzip that is damaged.
  public static func decode(
    _ source: any ByteSource, range: Range<Int>? = nil, limits: FormatLimits = FormatLimits()
  ) throws(FormatError) -> NumericArray {
    let range = range ?? 0..<source.count
    let start = source.withBytes { bytes in
      bytes.extracting(range).extracting(first: 540).withUnsafeBytes { Array($0) }
    }
    if start.starts(with: Compressed.gzipMagic) { return try inflate(source, range, limits) }
    let header = try NIfTIHeader(parsing: start)
    let count = try header.byteCount(limits)
    guard range.count - header.dataOffset == count else {
      throw failure("\(max(range.count - header.dataOffset, 0))", count)
    }
    let data = range.lowerBound + header.dataOffset..<range.upperBound
    return try header.array(source, data)
  }

  /// Decodes a packed file: the header first, so that no more is unpacked than it declares.
  private static func inflate(
    _ source: any ByteSource, _ range: Range<Int>, _ limits: FormatLimits
  ) throws(FormatError) -> NumericArray {
    let (header, data) = try source.withBytes { (bytes) throws(FormatError) in
      try bytes.extracting(range).withUnsafeBytes { (input) throws(FormatError) in
        let inflater = try Inflater(input, .gzip)
        let start = try inflater.header()
        let header = try NIfTIHeader(parsing: start)
        let count = try header.byteCount(limits)
        let gap = header.dataOffset - start.count
        var found = try inflater.skip(gap) - gap
        let data = try OwnedBytes(count: count) { (output) throws(FormatError) in
          if found == 0 { found = try inflater.read(into: output) }
          guard found == count else { throw failure("\(max(found, 0))", count) }
        }
        guard try inflater.skip(1) == 0 else { throw failure("more", count) }
        return (header, data)
      }
    }
    return try header.array(data, 0..<data.count)
  }

  private static func failure(_ found: String, _ count: Int) -> FormatError {
    FormatError(.malformed, "the NIfTI file holds \(found) bytes of data; its header declares \(count)")
  }
}

extension Inflater {
  /// The header of a NIfTI file, or as much of it as there is.
  fileprivate func header() throws(FormatError) -> [UInt8] {
    func bytes(_ count: Int) throws(FormatError) -> [UInt8] {
      let room = UnsafeMutableRawBufferPointer.allocate(byteCount: count, alignment: 8)
      defer { room.deallocate() }
      return Array(room[..<(try read(into: room))])
    }
    let start = try bytes(NIfTIHeader.shortestCount)
    guard let count = NIfTIHeader.count(of: start) else {
      throw FormatError(.unsupported, "the gzip stream holds no NIfTI file by its first bytes")
    }
    return start + (try bytes(count - NIfTIHeader.shortestCount))
  }
}

extension NIfTIHeader {
  /// Bytes of the volume as stored, which is within the limits as decoded too.
  fileprivate func byteCount(_ limits: FormatLimits) throws(FormatError) -> Int {
    if scaling != nil { _ = try limits.byteCount(shape: shape, type: .float64) }
    guard dataOffset <= max(limits.maximumBytes, NIfTI.leastMaximumOffset) else {
      throw FormatError(
        .tooLarge,
        "the NIfTI header puts \(dataOffset) bytes before the data; at most \(limits.maximumBytes) are allowed"
      )
    }
    return try limits.byteCount(shape: shape, type: type)
  }

  /// The volume that lies in `data` of `source`.
  fileprivate func array(_ source: any ByteSource, _ data: Range<Int>) throws(FormatError) -> NumericArray {
    let stored = try NumericArray(
      stored: data, of: source,
      ElementOrder(shape: shape, type: type, isByteSwapped: isByteSwapped, isFortranOrder: true),
      geometry: geometry)
    guard let scaling else { return stored }
    return try stored.scaled(by: scaling.slope, plus: scaling.intercept)
  }
}

extension NIfTI {
  /// Bytes before the data that are fine whatever the limits are: a header, and extensions of some length.
  fileprivate static let leastMaximumOffset = 1 << 20
}
