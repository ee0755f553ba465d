/// `bytes` as a gzip member whose blocks are not compressed, with the checksum that they have.
public func stored(_ bytes: [UInt8]) -> [UInt8] {
  var member: [UInt8] = [0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 0xFF]
  func little(_ value: Int, _ count: Int) -> [UInt8] {
    (0..<count).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) }
  }
  for start in stride(from: 0, to: max(bytes.count, 1), by: 0xFFFF) {
    let block = bytes[start...].prefix(0xFFFF)
    let isLast = start + block.count == bytes.count
    member += [isLast ? 1 : 0] + little(block.count, 2) + little(~block.count, 2) + block
  }
  var crc = ~UInt32(0)
  for byte in bytes {
    crc ^= UInt32(byte)
    for _ in 0..<8 { crc = crc & 1 == 1 ? crc >> 1 ^ 0xEDB8_8320 : crc >> 1 }
  }
  return member + little(Int(~crc), 4) + little(bytes.count, 4)
}
