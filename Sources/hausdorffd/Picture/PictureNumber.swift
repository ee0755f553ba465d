import Glibc

/// Numbers as pictures show them.
enum PictureNumber {
  /// Four digits that count, in lowercase as the letters are; a dash for none.
  static func text(_ value: Double?) -> String {
    guard let value else { return "-" }
    guard value.isFinite else { return value.isNaN ? "nan" : value < 0 ? "-infinity" : "infinity" }
    guard value != 0 else { return "0" }
    // What is larger than this is whole anyway, and the power would not be finite.
    let digits = 3 - Int(floor(log10(abs(value))))
    let rounded =
      if digits > 300 || digits < -300 {
        value
      } else if digits >= 0 {
        (value * pow(10, Double(digits))).rounded() / pow(10, Double(digits))
      } else {
        (value / pow(10, Double(-digits))).rounded() * pow(10, Double(-digits))
      }
    let text = "\(rounded)"
    return text.hasSuffix(".0") ? String(text.dropLast(2)) : text
  }

  /// The largest of 1, 2 and 5 times a power of ten that is at most `limit`, which is positive.
  static func roundLength(within limit: Double) -> Double {
    let power = pow(10, floor(log10(limit)))
    // Rounding must not make the limit itself too long.
    return [5, 2, 1].map { $0 * power }.first { $0 <= limit * (1 + 1e-12) } ?? power
  }
}
