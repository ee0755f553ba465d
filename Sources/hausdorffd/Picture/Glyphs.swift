/// The letters of pictures: 5 pixels wide, 7 high, and 2 more below the line.
enum Glyphs {
  static let width = 5
  static let height = 9
  /// From one letter to the next.
  static let advance = 6
  /// Rows above the line that letters stand on.
  static let ascent = 7

  /// Each letter, then its rows from the top: the five pixels of a row are the bits of a digit of base 32.
  private static let table = """
    0ehhhhhe00 14c4444e00 2eh168gv00 3eh161he00 426aiv2200 5vgu11he00 6egguhhe00 7v12244400 8ehhehhe00
    9ehhf11e00 a00e1fhf00 bgguhhhu00 c00eggge00 d11fhhhf00 e00ehvge00 f68u888800 g00fhhhf1e hgguhhhh00
    i40c444e00 j2062222ic kggikoki00 lc44444e00 m00qllll00 n00uhhhh00 o00ehhhe00 p00uhhhugg q00fhhhf11
    r00moggg00 s00fge1u00 t88u888600 u00hhhhf00 v00hhha400 w00hllla00 x00ha4ah00 y00hhhhf1e z00v248v00
    .00000cc00 ,00000cc80 :00cc0cc00 -000u00000 +0044v4400 _0000000v0 (248884200 )842224800 /11248gg00
    =00v0v0000
    """

  private static let rows: [Character: [UInt8]] = {
    var rows: [Character: [UInt8]] = [" ": [UInt8](repeating: 0, count: height)]
    for entry in table.split(whereSeparator: \.isWhitespace) {
      rows[entry.first!] = entry.dropFirst().map { UInt8($0.hexDigitValue ?? base32($0)) }
    }
    return rows
  }()

  private static func base32(_ digit: Character) -> Int {
    Int(digit.asciiValue! - Character("a").asciiValue!) + 10
  }

  /// The rows of a letter, the leftmost pixel in bit 4; nil where there is no such letter.
  static func rows(of letter: Character) -> [UInt8]? { rows[letter] }
}

extension Canvas {
  /// Writes a line of text whose letters stand on `baseline`, each of their pixels `scale` wide.
  mutating func write(_ text: String, at column: Int, baseline: Int, scale: Int, _ colour: Colour) {
    let top = baseline - Glyphs.ascent * scale
    for (place, letter) in text.enumerated() {
      guard let rows = Glyphs.rows(of: letter) else { continue }
      for (row, bits) in rows.enumerated() {
        for pixel in 0..<Glyphs.width where bits >> UInt8(Glyphs.width - 1 - pixel) & 1 == 1 {
          let (x, y) = (column + (place * Glyphs.advance + pixel) * scale, top + row * scale)
          fill(x..<x + scale, y..<y + scale, colour)
        }
      }
    }
  }

  /// How many pixels wide a text is.
  static func width(of text: String, scale: Int) -> Int {
    max(0, text.count * Glyphs.advance - 1) * scale
  }
}
