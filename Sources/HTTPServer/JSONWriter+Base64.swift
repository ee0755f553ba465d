extension JSONWriter {
  /// Writes a member whose value is the bytes in base64 (RFC 4648, with padding).
  public mutating func member(_ name: String, base64 bytes: RawSpan) {
    member(name) { json in bytes.withUnsafeBytes { json.appendBase64($0) } }
  }
}

/// Two characters for each 12 bits.
private let pairs: [UInt16] = {
  let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
  return (0..<4096).map { bits in
    (UInt16(alphabet[bits & 63]) << 8 | UInt16(alphabet[bits >> 6])).littleEndian
  }
}()

/// The base64 of `input`, without quotes.
func encodeBase64(_ input: UnsafeRawBufferPointer, into output: UnsafeMutableRawBufferPointer) {
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
