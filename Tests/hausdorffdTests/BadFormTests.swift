import Testing

/// Forms that cannot be scored: each is refused, and the server serves on.
struct BadFormTests {
  private static let mask = TestMask([2, 3], [false, true, true, false, false, true])
  private static let file = mask.npy()

  private static func body(_ text: String, type: String = "multipart/form-data; boundary=limit")
    -> HTTPRequest
  {
    HTTPRequest("POST", "/v1/score", headers: ["Content-Type: \(type)"], body: Array(text.utf8))
  }

  private static let disposition = "Content-Disposition: form-data; name="

  private static let formCases: [(String, HTTPRequest, Int, Field)] = [
    ("no boundary", body("--limit--", type: "multipart/form-data"), 415, .none),
    ("an empty boundary", body("--limit--", type: "multipart/form-data; boundary=\"\""), 415, .none),
    ("a malformed type", body("--limit--", type: "multipart/form-data; boundary"), 415, .none),
    ("a boundary that does not occur", body("--border--"), 400, .none),
    ("no body", body(""), 400, .none),
    ("no parts", body("--limit--\r\n"), 400, .parameter("y_true")),
    ("a part without an end", body("--limit\r\n\(disposition)\"y_true\"\r\n\r\nabc"), 400, .none),
    ("a part without a name", body("--limit\r\nContent-Type: image/png\r\n\r\nabc\r\n--limit--"), 400, .none),
    ("a part without a head", body("--limit\r\nabc\r\n--limit--"), 400, .none),
    ("y_true is missing", .score(form: [("y_pred", file)]), 400, .parameter("y_true")),
    ("y_pred is missing", .score(form: [("y_true", file)]), 400, .parameter("y_pred")),
    (
      "y_pred twice", .score(form: [("y_true", file), ("y_pred", file), ("y_pred", file)]), 400,
      .parameter("y_pred")
    ),
    (
      "an option twice", .score(files: file, file, [("empty", "zero"), ("empty", "zero")]), 400,
      .parameter("empty")
    ),
    ("an unknown option", .score(files: file, file, [("colour", "red")]), 422, .parameter("colour")),
    ("an unknown metric", .score(files: file, file, [("metrics", "dice,dicee")]), 422, .parameter("metrics")),
    ("a bad spacing", .score(files: file, file, [("spacing", "1,0")]), 422, .parameter("spacing")),
    ("a layout that does not fit", .score(files: file, file, [("layout", "BHW")]), 422, .parameter("layout")),
    ("an option of raw bytes", .score(files: file, file, [("shape", "2,3")]), 422, .parameter("shape")),
    (
      "a field that is not UTF-8", .score(form: [("y_true", file), ("y_pred", file), ("empty", [0xFF])]), 400,
      .parameter("empty")
    ),
    (
      "a field of 64 KiB and more",
      .score(files: file, file, [("empty", String(repeating: "x", count: 65537))]), 400,
      .parameter("empty")
    ),
    ("65 parts", .score(files: file, file, (0..<65).map { ("option\($0)", "1") }), 413, .none),
    (
      "files of two shapes", .score(files: file, TestMask([3, 2], mask.points).npy()), 422,
      .parameter("y_pred")
    ),
    ("files of two ranks", .score(files: TestMask([6], mask.points).npy(), file), 422, .parameter("y_pred")),
    (
      "files of one axis", .score(files: TestMask([6], mask.points).npy(), TestMask([6], mask.points).npy()),
      422,
      .parameter("y_pred")
    ),
    ("a file of text", .score(files: file, Array("P5 3 2 255".utf8)), 422, .parameter("y_pred")),
    ("an empty file", .score(files: [], file), 422, .parameter("y_true")),
  ]
  static let forms = formCases.map { Refusal($0.0, $0.1, $0.2, $0.3) }

  @Test(arguments: forms) func `A form that cannot be is refused`(_ refusal: Refusal) throws {
    try refusal.check()
  }

  @Test func `A query beside a form is refused`() throws {
    var request = HTTPRequest.score(files: Self.file, Self.file)
    request.target += "?metrics=dice"
    try Refusal("query", request, 400, .parameter("metrics")).check()
  }
}
