import Glibc

/// Random numbers that are the same for a seed on every machine and with every version of Swift; those that are normally
/// distributed but for the last bit, which is the mathematics library's.
///
/// SplitMix64 (Steele, Lea & Flood 2014). Keys make streams that do not depend on each other, such as one for each epoch
/// and sample, so that nothing has to be kept to go on from any point.
public struct Random: RandomNumberGenerator, Sendable {
  private var state: UInt64

  /// A stream of its own for each seed and list of keys.
  public init(seed: UInt64, _ keys: UInt64...) {
    state = Self.mix(seed &+ 0x9E37_79B9_7F4A_7C15)
    for key in keys { state = Self.mix(state ^ Self.mix(key &+ 0xD1B5_4A32_D192_ED03)) }
  }

  /// 64 bits, each as likely 0 as 1.
  public mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    return Self.mix(state)
  }

  private static func mix(_ value: UInt64) -> UInt64 {
    var z = value
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }

  /// From 0 to less than 1, in steps of 2^-53.
  public mutating func uniform() -> Double { Double(next() >> 11) * 0x1p-53 }

  /// From `range.lowerBound` to `range.upperBound`.
  public mutating func uniform(in range: ClosedRange<Double>) -> Double {
    range.lowerBound + uniform() * (range.upperBound - range.lowerBound)
  }

  /// One of 0..<count.
  public mutating func index(below count: Int) -> Int {
    precondition(count > 0)
    return Int(next().multipliedFullWidth(by: UInt64(count)).high)
  }

  /// True with this probability.
  public mutating func chance(_ probability: Double) -> Bool { uniform() < probability }

  /// From the standard normal distribution (Box & Muller 1958).
  public mutating func normal() -> Double {
    let radius = (-2 * log(1 - uniform())).squareRoot()
    return radius * cos(2 * .pi * uniform())
  }

  /// 0..<count in random order (Fisher & Yates).
  public mutating func permutation(of count: Int) -> [Int] {
    var order = Array(0..<count)
    for last in stride(from: count - 1, to: 0, by: -1) { order.swapAt(last, index(below: last + 1)) }
    return order
  }
}
