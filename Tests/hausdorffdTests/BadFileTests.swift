import Testing

/// Files that are broken or lie: each is refused under the name of its part, in a form and inside JSON.
struct BadFileTests {
  private static let mask = TestMask(random: [16, 16], seed: 3)

  /// What the bytes are with some of them replaced.
  private static func changed(_ bytes: [UInt8], at index: Int, to byte: UInt8) -> [UInt8] {
    var bytes = bytes
    bytes[index] = byte
    return bytes
  }

  static func png(width: Int, height: Int) -> [UInt8] {
    PNGFile(width: width, height: height, rows: (0..<16).flatMap { _ in [UInt8](repeating: 0, count: 17) })
      .bytes
  }

  private static func npy(_ descr: String, _ shape: String, _ count: Int = 256) -> [UInt8] {
    TestMask.npy(descr: descr, shape: shape, data: [UInt8](repeating: 1, count: count))
  }

  private static let fileCases: [(String, [UInt8], Int)] = [
    ("a PNG cut in its signature", Array(mask.png.prefix(5)), 422),
    ("a PNG cut behind its signature", Array(mask.png.prefix(8)), 400),
    ("a PNG cut in its header", Array(mask.png.prefix(20)), 400),
    ("a PNG cut in its data", Array(mask.png.prefix(100)), 400),
    ("a PNG without its end", Array(mask.png.dropLast(12)), 400),
    ("a PNG with a wrong checksum", changed(mask.png, at: 60, to: mask.png[60] ^ 1), 400),
    ("a PNG with a wrong header checksum", changed(mask.png, at: 19, to: 17), 400),
    ("a PNG that says more rows than it has", png(width: 16, height: 17), 400),
    ("a PNG that says wider rows than it has", png(width: 17, height: 16), 400),
    ("a PNG of no width", png(width: 0, height: 16), 400),
    ("a PNG of no height", png(width: 16, height: 0), 400),
    ("a PNG of 60,000 by 60,000", png(width: 60_000, height: 60_000), 413),
    ("a PNG of 20,000 by 20,000", png(width: 20_000, height: 20_000), 400),
    ("a PNG of the greatest size", png(width: 0x7FFF_FFFF, height: 0x7FFF_FFFF), 413),
    ("an npy cut in its magic", Array(mask.npy().prefix(5)), 422),
    ("an npy cut behind its magic", Array(mask.npy().prefix(7)), 400),
    ("an npy cut in its header", Array(mask.npy().prefix(40)), 400),
    ("an npy without its data", Array(mask.npy().prefix(128)), 400),
    ("an npy without its last byte", Array(mask.npy().dropLast()), 400),
    ("an npy with a byte too many", mask.npy() + [0], 400),
    ("an npy of version 9", changed(mask.npy(), at: 6, to: 9), 422),
    ("an npy whose header is longer than it", changed(mask.npy(), at: 9, to: 9), 400),
    ("an npy whose header is shorter than it", changed(mask.npy(), at: 8, to: 20), 400),
    ("an npy of pickled objects", npy("'|O'", "(16, 16)"), 422),
    ("an npy of complex numbers", npy("'<c8'", "(4, 8)"), 422),
    ("an npy of text", npy("'<U4'", "(4, 4)"), 422),
    ("an npy of records", npy("[('a', '<u1'), ('b', '<u1')]", "(8, 16)"), 422),
    ("an npy of no axes", npy("'|u1'", "()", 1), 400),
    ("an npy of an empty axis", npy("'|u1'", "(0, 16)", 0), 400),
    ("an npy of a negative axis", npy("'|u1'", "(-16, 16)"), 400),
    ("an npy of six axes", npy("'|u1'", "(1, 1, 1, 1, 16, 16)"), 413),
    ("an npy that overflows", npy("'|u1'", "(4294967296, 4294967296)"), 413),
    ("an npy that overflows to a good size", npy("'|u1'", "(36028797018963968, 512)"), 413),
    ("an npy beyond integers", npy("'|u1'", "(99999999999999999999, 1)"), 413),
    ("an npy of a type that the data are too short for", npy("'<f8'", "(16, 16)"), 400),
  ]

  private static func forms(of names: [String]) -> [Refusal] {
    names.flatMap { name in
      fileCases.map { title, file, status in
        Refusal(
          "\(title), as \(name)",
          name == "y_true" ? .score(files: file, mask.npy()) : .score(files: mask.npy(), file), status,
          .parameter(name))
      }
    }
  }

  @Test(arguments: forms(of: ["y_true", "y_pred"])) func `A broken file is refused`(_ refusal: Refusal) throws
  {
    try refusal.check()
  }

  private static let encoded = fileCases.map { title, file, status in
    Refusal(
      "\(title), in base64",
      .score(json: #"{"y_true":{"file":"\#(base64(file))"},"y_pred":\#(mask.json)}"#), status,
      .pointer("/y_true/file"))
  }

  @Test(arguments: encoded) func `A broken file inside JSON is refused`(_ refusal: Refusal) throws {
    try refusal.check()
  }

  @Test func `A file with a value that is not finite is refused`() throws {
    let data: [UInt8] = [0, 0, 0x80, 0x3F, 0, 0, 0xC0, 0x7F]
    let bad = TestMask.npy(descr: "'<f4'", shape: "(1, 2)", data: data)
    let good = TestMask([1, 2], [true, false]).npy()
    try Refusal("y_pred", .score(files: good, bad), 422, .parameter("y_pred")).check()
    try Refusal("y_true", .score(files: bad, good), 422, .parameter("y_true")).check()
  }
}
