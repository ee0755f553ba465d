import Dispatch
import Glibc

/// Makes identifiers that sort by the time of their making (RFC 9562, version 7), those of one process strictly.
public enum UUIDv7 {
  private static let queue = DispatchQueue(label: "hausdorffd.uuid")
  /// The bits of the last one in this process: 48 of time, 12 and 62 random ones. Touched on the queue only.
  private nonisolated(unsafe) static var last = (time: 0 as UInt64, high: 0 as UInt64, low: 0 as UInt64)

  /// A new identifier, as 36 characters in lower case.
  public static func next() -> String {
    var time = timespec()
    clock_gettime(CLOCK_REALTIME, &time)
    let now = UInt64(time.tv_sec) * 1000 + UInt64(time.tv_nsec) / 1_000_000
    var random = SystemRandomNumberGenerator()
    let (milliseconds, high, low) = queue.sync {
      if now > last.time {
        last = (now, random.next() & 0x7FF, random.next() & (1 << 62 - 1))
      } else {
        // In the same millisecond, or with a clock set back: the next number.
        last.low += 1 + random.next() & 0xFFFF_FFFF
        if last.low >> 62 != 0 {
          last.low &= 1 << 62 - 1
          last.high += 1
          if last.high >> 12 != 0 { (last.high, last.time) = (0, last.time + 1) }
        }
      }
      return last
    }
    let text = hexadecimal(milliseconds, 12) + hexadecimal(0x7000 | high, 4) + hexadecimal(1 << 63 | low, 16)
    return [0..<8, 8..<12, 12..<16, 16..<20, 20..<32].map { range in
      String(text.dropFirst(range.lowerBound).prefix(range.count))
    }.joined(separator: "-")
  }

  /// Whether a text has the form of these identifiers.
  public static func isValid(_ text: String) -> Bool {
    let parts = text.split(separator: "-", omittingEmptySubsequences: false)
    return parts.map(\.utf8.count) == [8, 4, 4, 4, 12] && parts[2].hasPrefix("7")
      && parts.joined().utf8.allSatisfy { (0x30...0x39).contains($0) || (0x61...0x66).contains($0) }
  }

  private static func hexadecimal(_ number: UInt64, _ digits: Int) -> String {
    let text = String(number, radix: 16)
    return String(repeating: "0", count: digits - text.count) + text
  }
}
