import CNettle

/// SHA-256 (FIPS 180-4) of bytes that come in pieces.
public struct SHA256 {
  /// Bytes of a digest.
  static let byteCount = Int(SHA256_DIGEST_SIZE)

  private var context = sha256_ctx()

  init() { nettle_sha256_init(&context) }

  mutating func update(_ bytes: RawSpan) {
    bytes.withUnsafeBytes { bytes in
      guard let start = bytes.baseAddress else { return }
      nettle_sha256_update(&context, bytes.count, start.assumingMemoryBound(to: UInt8.self))
    }
  }

  /// The digest of all bytes so far; the next ones begin anew.
  mutating func finish() -> [UInt8] {
    [UInt8](unsafeUninitializedCapacity: Self.byteCount) { digest, count in
      nettle_sha256_digest(&context, Self.byteCount, digest.baseAddress)
      count = Self.byteCount
    }
  }
}

extension SHA256 {
  /// The digest of bytes, in hexadecimal.
  public static func text(of bytes: RawSpan) -> String {
    var hash = SHA256()
    hash.update(bytes)
    return text(hash.finish())
  }

  /// A digest in hexadecimal.
  static func text(_ digest: [UInt8]) -> String {
    digest.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
  }
}
