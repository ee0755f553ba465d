import Hausdorff

/// A mask as plain booleans, in C order, and what a client may make of it.
struct TestMask: Sendable {
  let shape: [Int]
  var points: [Bool]

  init(_ shape: [Int], _ points: [Bool]) { (self.shape, self.points) = (shape, points) }

  /// Some blocks and some noise, the same for the same seed.
  init(random shape: [Int], seed: UInt64) {
    var state = seed &* 0x9E37_79B9_7F4A_7C15 | 1
    self.init(
      shape,
      (0..<shape.reduce(1, *)).map { index in
        state ^= state << 13
        state ^= state >> 7
        state ^= state << 17
        return state % 7 == 0 || index / 3 % 5 == Int(seed % 5)
      })
  }

  /// One byte a point.
  var octets: [UInt8] { points.map { $0 ? 1 : 0 } }

  /// Nested JSON numbers.
  var json: String { TestMask.json(octets[...], shape[...]) }

  private static func json(_ values: ArraySlice<UInt8>, _ shape: ArraySlice<Int>) -> String {
    guard let count = shape.first else { return "\(values.first!)" }
    let step = values.count / count
    let rows = (0..<count).map { row in
      json(
        values[(values.startIndex + row * step)..<(values.startIndex + (row + 1) * step)], shape.dropFirst())
    }
    return "[\(rows.joined(separator: ","))]"
  }

  /// Little-endian elements: foreground is 3, or true.
  func elements(_ type: ScalarType, bigEndian: Bool = false) -> [UInt8] {
    points.flatMap { point in
      let bytes = point ? TestMask.three(type) : [UInt8](repeating: 0, count: type.byteCount)
      return bigEndian ? bytes.reversed() : bytes
    }
  }

  private static func three(_ type: ScalarType) -> [UInt8] {
    func bytes<Value: FixedWidthInteger>(_ value: Value) -> [UInt8] {
      withUnsafeBytes(of: value.littleEndian) { Array($0) }
    }
    return switch type {
    case .bool: [1]
    case .uint8, .int8: [3]
    case .uint16, .int16: bytes(UInt16(3))
    case .uint32, .int32: bytes(UInt32(3))
    case .uint64, .int64: bytes(UInt64(3))
    case .float16: bytes(UInt16(0x4200))
    case .float32: bytes(Float(3).bitPattern)
    case .float64: bytes(Double(3).bitPattern)
    }
  }

  /// A bit a point, the least significant first, each row of the last axis in whole bytes.
  var bits: [UInt8] {
    let width = shape.last!
    let rowCount = (width + 7) / 8
    var bytes = [UInt8](repeating: 0, count: points.count / width * rowCount)
    for (at, point) in points.enumerated() where point {
      let column = at % width
      bytes[at / width * rowCount + column / 8] |= 1 << UInt8(column % 8)
    }
    return bytes
  }

  /// COCO's object with the lengths of runs down the columns, of a mask of two axes.
  var runs: String {
    let columns = (0..<points.count).map { points[$0 % shape[0] * shape[1] + $0 / shape[0]] }
    var (counts, current) = ([0], false)
    for point in columns {
      if point != current { counts.append(0) }
      counts[counts.count - 1] += 1
      current = point
    }
    return #"{"size":\#(shape),"counts":\#(counts)}"#
  }

  /// `{"shape", "dtype", "data"}`
  func encoded(_ type: ScalarType) -> String {
    #"{"shape":\#(shape),"dtype":"\#(type.rawValue)","data":"\#(base64(elements(type)))"}"#
  }

  /// An npy file.
  func npy(_ type: ScalarType = .uint8, bigEndian: Bool = false) -> [UInt8] {
    let codes: [ScalarType: String] = [
      .bool: "b1", .uint8: "u1", .int8: "i1", .uint16: "u2", .int16: "i2", .uint32: "u4", .int32: "i4",
      .uint64: "u8", .int64: "i8", .float16: "f2", .float32: "f4", .float64: "f8",
    ]
    let order = type.byteCount == 1 ? "|" : bigEndian ? ">" : "<"
    let extents = shape.map { "\($0)," }.joined(separator: " ")
    return TestMask.npy(
      descr: "'\(order)\(codes[type]!)'", shape: "(\(extents))", data: elements(type, bigEndian: bigEndian))
  }

  /// An npy file whose header says what it is told to.
  static func npy(descr: String, shape: String, data: [UInt8]) -> [UInt8] {
    var header = "{'descr': \(descr), 'fortran_order': False, 'shape': \(shape), }"
    header += String(repeating: " ", count: 63 - (header.utf8.count + 10) % 64) + "\n"
    let count = header.utf8.count
    return [0x93] + Array("NUMPY".utf8) + [1, 0, UInt8(count & 255), UInt8(count >> 8)] + Array(header.utf8)
      + data
  }

  /// A grey PNG file of 8 bits; foreground is 255.
  var png: [UInt8] {
    let rows = (0..<shape[0]).flatMap { row in
      [0] + points[row * shape[1]..<(row + 1) * shape[1]].map { $0 ? 255 : 0 as UInt8 }
    }
    return PNGFile(width: shape[1], height: shape[0], rows: rows).bytes
  }
}

/// Base64 with padding.
func base64(_ bytes: [UInt8]) -> String {
  let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/")
  var text = ""
  for start in stride(from: 0, to: bytes.count, by: 3) {
    let group = bytes[start..<min(start + 3, bytes.count)]
    let bits = group.reduce(0) { $0 << 8 | Int($1) } << (8 * (3 - group.count))
    for place in 0..<4 { text.append(place <= group.count ? alphabet[bits >> (18 - 6 * place) & 63] : "=") }
  }
  return text
}
