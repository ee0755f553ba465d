import Hausdorff

/// A NIfTI file put together field by field, so that any of them may be wrong.
struct NIfTIBytes {
  /// Whether it is of version 2.
  var isLong = false
  var isBigEndian = false
  var headerSize: Int?
  var magic: [UInt8]?
  var dim: [Int] = [3, 2, 3, 4, 1, 1, 1, 1]
  var datatype = 2
  var pixdim: [Double] = [1, 1, 1, 1, 0, 0, 0, 0]
  var offset: Double?
  var slope = 0.0
  var intercept = 0.0
  var qformCode = 0
  var sformCode = 0
  var quaternion: [Double] = [0, 0, 0]
  var data = [UInt8](0..<24)

  static let codes: [ScalarType: Int] = [
    .uint8: 2, .int16: 4, .int32: 8, .float32: 16, .float64: 64, .int8: 256, .uint16: 512, .uint32: 768,
    .int64: 1024, .uint64: 1280,
  ]

  var bytes: [UInt8] {
    var bytes = [UInt8](repeating: 0, count: isLong ? 544 : 352)
    func put(_ bits: UInt64, _ size: Int, at offset: Int) {
      for place in 0..<size {
        let byte = UInt8(truncatingIfNeeded: bits >> UInt64(8 * place))
        bytes[offset + (isBigEndian ? size - 1 - place : place)] = byte
      }
    }
    func integer(_ value: Int, _ size: Int, at offset: Int) {
      put(UInt64(bitPattern: Int64(value)), size, at: offset)
    }
    func float(_ value: Double, _ short: Int, _ long: Int) {
      if isLong {
        put(value.bitPattern, 8, at: long)
      } else {
        put(UInt64(Float(value).bitPattern), 4, at: short)
      }
    }
    integer(headerSize ?? (isLong ? 540 : 348), 4, at: 0)
    let magic = self.magic ?? (isLong ? Array("n+2\0\r\n\u{1A}\n".utf8) : Array("n+1\0".utf8))
    for (at, byte) in magic.enumerated() { bytes[(isLong ? 4 : 344) + at] = byte }
    for (at, extent) in dim.enumerated() {
      integer(extent, isLong ? 8 : 2, at: isLong ? 16 + 8 * at : 40 + 2 * at)
    }
    integer(datatype, 2, at: isLong ? 12 : 70)
    for (at, distance) in pixdim.enumerated() { float(distance, 76 + 4 * at, 104 + 8 * at) }
    let offset = self.offset ?? Double(bytes.count)
    if isLong { integer(Int(offset), 8, at: 168) } else { float(offset, 108, 168) }
    float(slope, 112, 176)
    float(intercept, 116, 184)
    integer(qformCode, isLong ? 4 : 2, at: isLong ? 344 : 252)
    integer(sformCode, isLong ? 4 : 2, at: isLong ? 348 : 254)
    for (at, part) in quaternion.enumerated() { float(part, 256 + 4 * at, 352 + 8 * at) }
    return bytes + data
  }
}
