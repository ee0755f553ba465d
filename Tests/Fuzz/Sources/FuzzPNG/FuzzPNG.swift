import FuzzInput
import MaskFormats

@main struct FuzzPNG {
  static func main() {
    run { start, count in
      var bytes = Array(UnsafeBufferPointer(start: start, count: count))
      decode(bytes)
      // The checksums would stop nearly every mutation; with them put right it gets as far as the image.
      repairChecksums(&bytes)
      decode(bytes)
      return 0
    }
  }
}

private func decode(_ bytes: [UInt8]) {
  do throws(FormatError) {
    check(try PNG.decode(FuzzInput(bytes), limits: fuzzLimits))
  } catch {
    check(error)
  }
  do throws(FormatError) {
    check(try PNG.decodeImage(FuzzInput(bytes), limits: fuzzLimits))
  } catch {
    check(error)
  }
}

/// Writes the right checksum behind every chunk that is there as a whole.
private func repairChecksums(_ bytes: inout [UInt8]) {
  var at = 8
  while at + 12 <= bytes.count {
    let length = bytes[at..<at + 4].reduce(0) { $0 << 8 | Int($1) }
    let end = at + 8 + length
    guard end + 4 <= bytes.count else { return }
    var crc = ~UInt32(0)
    for byte in bytes[at + 4..<end] {
      crc ^= UInt32(byte)
      for _ in 0..<8 { crc = crc & 1 == 1 ? crc >> 1 ^ 0xEDB8_8320 : crc >> 1 }
    }
    for i in 0..<4 { bytes[end + i] = UInt8(truncatingIfNeeded: ~crc >> UInt32(24 - 8 * i)) }
    at = end + 4
  }
}
