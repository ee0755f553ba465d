/// The numbers of a NIfTI header, wherever its version has them, as the float64 or integers of this machine.
struct NIfTIFields {
  private let bytes: [UInt8]
  /// Whether it is of version 2, of 540 bytes, or else of version 1, of 348.
  let isLong: Bool
  let isByteSwapped: Bool

  /// Takes `bytes`, which hold a whole header of that version.
  init(bytes: [UInt8], isLong: Bool) {
    self.bytes = bytes
    self.isLong = isLong
    isByteSwapped = bytes[0] == 0
  }

  /// Version 2 has 4 bytes more, which tell whether line ends were changed.
  var magic: ArraySlice<UInt8> { isLong ? bytes[4..<12] : bytes[344..<348] }
  var datatype: Int { integer(Int16.self, isLong ? 12 : 70) }
  /// The number of axes at 0, behind it their extents.
  func dim(_ index: Int) -> Int {
    isLong ? integer(Int64.self, 16 + 8 * index) : integer(Int16.self, 40 + 2 * index)
  }
  /// The sign of the third axis at 0, behind it the distances of points.
  func pixdim(_ index: Int) -> Double { float(76 + 4 * index, 104 + 8 * index) }
  /// nil where it is no whole number of bytes.
  var dataOffset: Int? { isLong ? integer(Int64.self, 168) : Int(exactly: float(108, 168)) }
  var slope: Double { float(112, 176) }
  var intercept: Double { float(116, 184) }
  var qformCode: Int { isLong ? integer(Int32.self, 344) : integer(Int16.self, 252) }
  var sformCode: Int { isLong ? integer(Int32.self, 348) : integer(Int16.self, 254) }
  /// The parts b, c and d of a unit quaternion.
  var quaternion: [Double] { (0..<3).map { float(256 + 4 * $0, 352 + 8 * $0) } }
  var qoffset: [Double] { (0..<3).map { float(268 + 4 * $0, 376 + 8 * $0) } }
  /// Three rows of four.
  var srow: [Double] { (0..<12).map { float(280 + 4 * $0, 400 + 8 * $0) } }

  /// The float32 at `short` in version 1, the float64 at `long` in version 2.
  private func float(_ short: Int, _ long: Int) -> Double {
    isLong ? Double(bitPattern: number(long)) : Double(Float(bitPattern: number(short)))
  }

  private func integer<Stored: FixedWidthInteger>(_: Stored.Type, _ offset: Int) -> Int {
    Int(number(offset) as Stored)
  }

  private func number<Stored: FixedWidthInteger>(_ offset: Int) -> Stored {
    let stored = bytes.withUnsafeBytes { $0.loadUnaligned(fromByteOffset: offset, as: Stored.self) }
    return isByteSwapped ? stored.byteSwapped : stored
  }
}
