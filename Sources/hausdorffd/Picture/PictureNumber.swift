import Glibc

/// Numbers as pictures show them.
enum PictureNumber {
  /// Four digits that count, in lowercase as the letters are; a dash for none.
  static func text(_ value: Double?) -> String {
    guard let value else { return "-" }
    guard value.isFinite else { return value.isNaN ? "nan" : value < 0 ? "-infinity" : "infinity" }
    guard value != 0 else { return "0" }
    let exponent = floor(log10(abs(value)))
    // Within these powers of ten are exact.
    guard abs(exponent) <= 15 else {
      let mantissa = value / pow(10, exponent)
      return mantissa.isFinite
        ? "\(rounded(mantissa, digits: 3))e\(exponent > 0 ? "+" : "")\(Int(exponent))" : "\(value)"
    }
    return rounded(value, digits: 3 - exponent)
  }

  private static func rounded(_ value: Double, digits: Double) -> String {
    let unit = pow(10, abs(digits))
    let text = "\(digits < 0 ? (value / unit).rounded() * unit : (value * unit).rounded() / unit)"
    return text.hasSuffix(".0") ? String(text.dropLast(2)) : text
  }

  /// The largest of 1, 2 and 5 times a power of ten that is at most `limit`, which is positive.
  static func roundLength(within limit: Double) -> Double {
    let power = pow(10, floor(log10(limit)))
    // Rounding must not make the limit itself too long.
    return [5, 2, 1].map { $0 * power }.first { $0 <= limit * (1 + 1e-12) } ?? power
  }
}
