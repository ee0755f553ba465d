internal import Synchronization

/// Names for requests that came without one.
enum RequestID {
  private static let base = UInt64.random(in: .min ... .max)
  private static let counter = Atomic<UInt64>(0)
  private static let digits = Array("0123456789abcdefghjkmnpqrstvwxyz".utf8)

  /// 13 characters, different at every call: small enough for a string without an allocation.
  static func next() -> String {
    // SplitMix64 is a bijection of the counter, so nothing repeats within a process.
    var mixed = base &+ counter.wrappingAdd(1, ordering: .relaxed).oldValue &* 0x9E37_79B9_7F4A_7C15
    mixed = (mixed ^ mixed >> 30) &* 0xBF58_476D_1CE4_E5B9
    mixed = (mixed ^ mixed >> 27) &* 0x94D0_49BB_1331_11EB
    mixed ^= mixed >> 31
    return String(unsafeUninitializedCapacity: 13) { buffer in
      for index in 0..<13 {
        buffer[index] = digits[Int(mixed & 31)]
        mixed >>= 5
      }
      return 13
    }
  }

  /// A character that may stand in a client's Request-Id.
  static func isSafe(_ byte: UInt8) -> Bool {
    switch byte {
    case 0x30...0x39, 0x41...0x5A, 0x61...0x7A: true
    default: "-._:/+=@".utf8.contains(byte)
    }
  }
}
