import FuzzInput
import MaskFormats

@main struct FuzzGzip {
  static let maximumBytes = 1 << 20

  static func main() {
    run { start, count in
      let bytes = Array(UnsafeBufferPointer(start: start, count: count))
      for encoding in Compressed.Encoding.allCases { FuzzGzip.decode(bytes, encoding) }
      // The checksum would stop nearly every mutation; bytes that are packed here come back.
      let packed = stored(bytes)
      precondition(FuzzGzip.decode(packed, .gzip) == bytes)
      precondition(FuzzGzip.decode(packed + packed, .gzip) == bytes + bytes)
      return 0
    }
  }

  /// What `bytes` hold; nil where they are refused.
  @discardableResult static func decode(
    _ bytes: [UInt8], _ encoding: Compressed.Encoding
  ) -> [UInt8]? {
    do throws(FormatError) {
      let source = try Compressed.decode(FuzzInput(bytes), encoding, maximumBytes: Self.maximumBytes)
      precondition(source.count <= maximumBytes && source.paddingCount >= 64)
      return source.withBytes { bytes in
        precondition(bytes.byteCount == source.count)
        return bytes.withUnsafeBytes { Array($0) }
      }
    } catch {
      check(error)
      precondition(error.kind == .malformed || error.kind == .tooLarge)
      return nil
    }
  }
}
