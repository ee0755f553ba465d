extension Body {
  /// `start`, the base64 of some bytes (RFC 4648, with padding), and `end`; nil where there is no memory.
  public convenience init?(_ start: [UInt8], base64 bytes: RawSpan, _ end: [UInt8]) {
    let count = Base64.count(of: bytes.byteCount)
    guard let storage = BodyStorage(trying: start.count + count + end.count) else { return nil }
    storage.address.copyMemory(from: start, byteCount: start.count)
    bytes.withUnsafeBytes {
      Base64.encode($0, to: UnsafeMutableRawBufferPointer(start: storage.address + start.count, count: count))
    }
    (storage.address + start.count + count).copyMemory(from: end, byteCount: end.count)
    self.init(storage, count: start.count + count + end.count)
  }
}

enum Base64 {
  /// Characters for so many bytes.
  static func count(of bytes: Int) -> Int { (bytes + 2) / 3 * 4 }

  static func encode(_ input: UnsafeRawBufferPointer, to output: UnsafeMutableRawBufferPointer) {
    pairs.withUnsafeBufferPointer { pairs in
      var (read, written) = (0, 0)
      while read + 3 <= input.count {
        let bits = Int(input[read]) << 16 | Int(input[read + 1]) << 8 | Int(input[read + 2])
        output.storeBytes(of: pairs[bits >> 12], toByteOffset: written, as: UInt16.self)
        output.storeBytes(of: pairs[bits & 4095], toByteOffset: written + 2, as: UInt16.self)
        read += 3
        written += 4
      }
      guard read < input.count else { return }
      let second = read + 1 < input.count ? Int(input[read + 1]) : 0
      let bits = Int(input[read]) << 16 | second << 8
      output.storeBytes(of: pairs[bits >> 12], toByteOffset: written, as: UInt16.self)
      output.storeBytes(of: pairs[bits & 4095], toByteOffset: written + 2, as: UInt16.self)
      output[written + 3] = UInt8(ascii: "=")
      if read + 1 == input.count { output[written + 2] = UInt8(ascii: "=") }
    }
  }

  /// Two characters for each 12 bits.
  private static let pairs: [UInt16] = {
    let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
    return (0..<4096).map { bits in
      (UInt16(alphabet[bits & 63]) << 8 | UInt16(alphabet[bits >> 6])).littleEndian
    }
  }()
}
