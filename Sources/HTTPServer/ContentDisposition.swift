/// The Content-Disposition of a file to be saved (RFC 6266).
enum ContentDisposition {
  /// `attachment` with a file name that every client understands, and with the name itself where that loses something.
  ///
  /// Control characters and what parts the names of a path become `_`.
  static func attachment(_ filename: String) -> String {
    let name = String(String.UnicodeScalarView(filename.unicodeScalars.map { isUnsafe($0) ? "_" : $0 }))
    guard !name.isEmpty else { return "attachment" }
    // Clients differ in how they read escapes, so the plain name has none.
    let plain = String(String.UnicodeScalarView(name.unicodeScalars.map { isPlain($0) ? $0 : "_" }))
    let field = "attachment; filename=\"\(plain)\""
    return plain == name ? field : "\(field); filename*=UTF-8''\(escaped(name))"
  }

  private static func isUnsafe(_ character: Unicode.Scalar) -> Bool {
    switch character.properties.generalCategory {
    // Controls, and what turns the direction of text around or ends lines.
    case .control, .format, .lineSeparator, .paragraphSeparator: true
    default: character == "/" || character == "\\"
    }
  }

  private static func isPlain(_ character: Unicode.Scalar) -> Bool {
    character.isASCII && character != "\"" && character != "%"
  }

  /// The characters of RFC 8187 as they are, the other bytes in hexadecimal.
  private static func escaped(_ text: String) -> String {
    let digits = Array("0123456789ABCDEF".utf8)
    var bytes: [UInt8] = []
    for byte in text.utf8 {
      if ASCII.isToken(byte), !"%'*".utf8.contains(byte) {
        bytes.append(byte)
      } else {
        bytes += [UInt8(ascii: "%"), digits[Int(byte >> 4)], digits[Int(byte & 15)]]
      }
    }
    return String(decoding: bytes, as: UTF8.self)
  }
}
