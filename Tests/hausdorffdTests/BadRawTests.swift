import Testing

/// Raw bytes and options in a query that cannot be scored: each is refused by name, and the server serves on.
struct BadRawTests {
  private static func raw(_ query: String, _ octets: [UInt8] = [0, 1, 1, 0, 1, 0, 0, 1]) -> HTTPRequest {
    .score(query: query, octets: octets)
  }

  private static let shapeCases: [(String, String, Int)] = [
    ("shape is missing", "", 422), ("shape is empty", "shape=", 422), ("shape is a word", "shape=two,2", 422),
    ("shape ends in a comma", "shape=2,2,", 422), ("shape has a fraction", "shape=2.0,2", 422),
    ("an axis is 0", "shape=0,4", 422), ("an axis is negative", "shape=-2,2", 422),
    ("both axes are negative", "shape=-2,-2", 422),
    ("the product overflows", "shape=4294967296,4294967296", 413),
    ("the product overflows to a good one", "shape=4611686018427387905,4", 413),
    ("an axis overflows", "shape=18446744073709551618,2", 422),
    ("the axes are the greatest", "shape=9223372036854775807,9223372036854775807", 413),
    ("six axes", "shape=1,1,1,1,2,2", 422), ("fewer bytes than the shape", "shape=3,2", 422),
    ("more bytes than the shape", "shape=1,2", 422), ("shape is given twice", "shape=2,2&shape=2,2", 400),
    ("bytes of another dtype", "shape=2,2&dtype=uint16", 422),
    ("bytes of another dtype in one", "shape=2,2&dtype_pred=float32", 422),
  ]
  static let shapes = shapeCases.map { Refusal($0.0, raw($0.1), $0.2, .parameter("shape")) }

  @Test(arguments: shapes) func `A shape that cannot be is refused`(_ refusal: Refusal) throws {
    try refusal.check()
  }

  private static let optionCases: [(String, String)] = [
    ("layout", "XY"), ("layout", "DHW"), ("layout", ""), ("layout", "HWHW"), ("layout", "WH"),
    ("dtype", "complex64"), ("dtype", "Uint8"), ("dtype", ""), ("dtype_true", "object"),
    ("dtype_pred", "int"),
    ("metrics", "hausdorf"), ("metrics", ""), ("metrics", "dice,"), ("metrics", "dice,dice"),
    ("metrics", "hausdorff_101"), ("metrics", "hausdorff_-1"), ("metrics", "hausdorff_nan"),
    ("metrics", "dice_pred_to_true"), ("metrics", "hausdorff_95_to_true"),
    ("distance", "cosine"), ("distance", ""), ("empty", "one"), ("reduction", "max"),
    ("convention", "numpy"), ("convention", ""),
    ("threshold", "high"), ("threshold", "nan"), ("threshold", "inf"), ("threshold", "1e999"),
    ("threshold", ""),
    ("threshold", "0x1"), ("threshold", "1,5"),
    ("spacing", "1"), ("spacing", "1,1,1"), ("spacing", "0,1"), ("spacing", "1,-1"), ("spacing", "1,nan"),
    ("spacing", "inf,1"), ("spacing", "1,"), ("spacing", "one,1"), ("spacing", "1e200,1"),
    ("spacing", "1e-200,1"),
    ("metric", "dice"), ("Metrics", "dice"), ("y_true", "1"), ("label", "1"), ("", "1"),
  ]
  static let options = optionCases.map { name, value in
    Refusal("\(name)=\(value)", raw("shape=2,2&\(name)=\(value)"), 422, .parameter(name))
  }

  @Test(arguments: options) func `An option or value that there is not is refused`(_ refusal: Refusal) throws
  {
    try refusal.check()
  }

  @Test(arguments: ["metrics=dice", "spacing=1,1", "empty=zero", "shape=2,2", "nonsense=1"])
  func `An option given twice is refused`(_ option: String) throws {
    let name = String(option.prefix { $0 != "=" })
    try Refusal(option, Self.raw("shape=2,2&\(option)&\(option)"), 400, .parameter(name)).check()
  }

  /// float16, float32 and float64 bit patterns behind a 1: infinity, minus infinity, NaN.
  static let notFinite: [(String, [UInt8])] = [
    ("float16", [0, 0x3C, 0, 0x7C]), ("float16", [0, 0x3C, 0, 0xFC]), ("float16", [0, 0x3C, 1, 0x7E]),
    ("float32", [0, 0, 0x80, 0x3F, 0, 0, 0x80, 0x7F]), ("float32", [0, 0, 0x80, 0x3F, 0, 0, 0xC0, 0xFF]),
    ("float64", [0, 0, 0, 0, 0, 0, 0xF0, 0x3F, 0, 0, 0, 0, 0, 0, 0xF0, 0x7F]),
    ("float64", [0, 0, 0, 0, 0, 0, 0xF0, 0x3F, 1, 0, 0, 0, 0, 0, 0xF8, 0x7F]),
  ]

  @Test(arguments: notFinite, ["y_true", "y_pred"])
  func `A value that is not finite is refused at its index`(_ array: (String, [UInt8]), _ name: String) throws
  {
    let (good, bad) = ([UInt8](repeating: 0, count: array.1.count), array.1)
    let request = Self.raw("shape=1,2&dtype=\(array.0)", name == "y_true" ? bad + good : good + bad)
    try Refusal("\(array)", request, 422, .parameter(name)).check()
    let reply = try ServerProcess.shared.ask(request)
    #expect(reply.text.contains("[0, 1]"), "\(reply)")
  }

  @Test func `A batch names the item that is not finite`() throws {
    var octets = [UInt8](repeating: 0, count: 2 * 3 * 1 * 2 * 4)
    octets.replaceSubrange(16..<20, with: [0, 0, 0xC0, 0x7F])
    let reply = try ServerProcess.shared.ask(Self.raw("shape=3,1,2&dtype=float32", octets))
    expectProblem(reply, 422, .parameter("y_true"))
    #expect(reply.text.contains("[2, 0, 0]"), "\(reply)")
  }

  @Test func `An unknown option among unknown ones is told with those that there are`() throws {
    let reply = try ServerProcess.shared.ask(Self.raw("shape=2,2&a=1&b=2&dtype=uint8"))
    expectProblem(reply, 422, .parameter("a"))
    #expect(reply.json["errors"].count == 2)
    for name in ["shape", "dtype", "spacing"] { #expect(reply.text.contains(name)) }
  }
}
