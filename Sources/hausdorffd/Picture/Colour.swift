/// A colour of a picture, sRGB.
struct Colour: Equatable {
  let red, green, blue: UInt8

  /// The colour of a number such as 0xFF8000.
  init(_ code: UInt32) {
    (red, green, blue) = (
      UInt8(code >> 16 & 0xFF), UInt8(code >> 8 & 0xFF), UInt8(code & 0xFF)
    )
  }

  private init(_ red: UInt8, _ green: UInt8, _ blue: UInt8) {
    (self.red, self.green, self.blue) = (red, green, blue)
  }

  /// The colour so far, 0 to 1, on the way to another.
  func mixed(_ share: Double, with other: Colour) -> Colour {
    func mix(_ from: UInt8, _ to: UInt8) -> UInt8 {
      UInt8((Double(from) + share * (Double(to) - Double(from))).rounded())
    }
    return Colour(mix(red, other.red), mix(green, other.green), mix(blue, other.blue))
  }
}

/// The colours that mean something. Blue and orange are told apart by everybody, and so are light and dark.
enum Palette {
  static let paper = Colour(0xFFFFFF)
  static let ink = Colour(0x1B1F24)
  static let frame = Colour(0xAEB6BF)
  /// The outline of the true mask.
  static let truth = Colour(0x0064D2)
  /// The outline of the predicted mask.
  static let prediction = Colour(0xF08000)
  /// Points that both masks have.
  static let overlap = Colour(0xE2E6EA)
  /// Points of one mask where the other is empty, so that there is no distance.
  static let unmeasured = Colour(0xF3D6DE)

  /// Pink to a dark violet: in OKLCH, lightness falls from 0.88 to 0.28 in even steps while the hue turns from 15° to -45°.
  private static let stops = [
    0xFEC7CA, 0xFFA0B2, 0xFF6FA3, 0xEF409E, 0xCF2098, 0xAA0D8F, 0x82107E, 0x5C1765, 0x381845,
  ].map { Colour($0) }

  /// The colours of levels of distance, 0 to 255: the nearest light, the farthest dark.
  static let levels: [Colour] = (0...255).map { level in
    let place = Double(level) / 255 * Double(stops.count - 1)
    let first = min(Int(place), stops.count - 2)
    return stops[first].mixed(place - Double(first), with: stops[first + 1])
  }
}
