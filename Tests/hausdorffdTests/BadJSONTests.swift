import Testing

/// JSON bodies that cannot be scored: each is refused with a pointer to what is at fault, and the server serves on.
struct BadJSONTests {
  private static let good = "[[0,1],[1,0]]"

  /// A request with one member replaced.
  private static func json(_ name: String, _ value: String) -> HTTPRequest {
    var members = [("y_true", good), ("y_pred", good)].filter { $0.0 != name }
    members.append((name, value))
    return .score(json: "{\(members.map { "\"\($0)\":\($1)" }.joined(separator: ","))}")
  }

  private static let arrayCases: [(String, String, String, Int, String)] = [
    ("y_pred of another shape", "y_pred", "[[0,1,1],[1,0,1]]", 422, "/y_pred"),
    ("y_true of another shape", "y_true", "[[0,1,1],[1,0,1]]", 422, "/y_pred"),
    ("y_true of another rank", "y_true", "[0,1]", 422, "/y_pred"),
    ("a ragged row", "y_true", "[[0,1],[1]]", 400, "/y_true/1"),
    ("a number among rows", "y_true", "[[0,1],1]", 400, "/y_true/1"),
    ("a row among numbers", "y_pred", "[[0,[1]],[1,0]]", 400, "/y_pred/0/1"),
    ("a word", "y_pred", "[[0,1],[1,\"a\"]]", 400, "/y_pred/1/1"),
    ("null", "y_pred", "[[0,null],[1,0]]", 400, "/y_pred/0/1"),
    ("an object among numbers", "y_pred", "[[0,{}],[1,0]]", 400, "/y_pred/0/1"),
    ("NaN", "y_true", "[[0,NaN],[1,0]]", 400, "/y_true/0/1"),
    ("Infinity", "y_true", "[[0,1],[Infinity,0]]", 400, "/y_true/1/0"),
    ("a number beyond float64", "y_true", "[[0,1],[1e999,0]]", 400, "/y_true/1/0"),
    ("a leading zero", "y_true", "[[0,1],[01,0]]", 400, "/y_true/1/0"),
    ("a number in place of an array", "y_true", "1", 400, "/y_true"),
    ("null in place of an array", "y_true", "null", 400, "/y_true"),
    ("a string in place of an array", "y_pred", "\"AAAA\"", 400, "/y_pred"),
    ("nothing", "y_true", "[]", 400, "/y_true"), ("empty rows", "y_true", "[[],[]]", 400, "/y_true/0"),
    ("six levels", "y_true", "[[[[[[1]]]]]]", 413, "/y_true/0/0/0/0/0"),
    ("one member of an encoded array", "y_true", #"{"shape":[2,2]}"#, 400, "/y_true"),
    ("no member", "y_true", "{}", 400, "/y_true"),
    (
      "an unknown member", "y_true", #"{"shape":[1,1],"dtype":"uint8","data":"AA==","order":"C"}"#, 422,
      "/y_true/order"
    ),
    (
      "an unknown dtype", "y_true", #"{"shape":[1,1],"dtype":"complex64","data":"AA=="}"#, 422,
      "/y_true/dtype"
    ),
    (
      "fewer bytes than the shape", "y_true", #"{"shape":[2,2],"dtype":"uint8","data":"AAAA"}"#, 400,
      "/y_true"
    ),
    ("an axis of 0", "y_true", #"{"shape":[0,2],"dtype":"uint8","data":""}"#, 400, "/y_true/shape/0"),
    ("a negative axis", "y_true", #"{"shape":[2,-2],"dtype":"uint8","data":"AAAA"}"#, 400, "/y_true/shape/1"),
    (
      "a fractional axis", "y_true", #"{"shape":[2.5,2],"dtype":"uint8","data":"AAAA"}"#, 400,
      "/y_true/shape/0"
    ),
    ("no axes", "y_true", #"{"shape":[],"dtype":"uint8","data":"AA=="}"#, 400, "/y_true"),
    ("six axes", "y_true", #"{"shape":[1,1,1,1,1,1],"dtype":"uint8","data":"AA=="}"#, 413, "/y_true/shape"),
    (
      "axes that overflow", "y_true", #"{"shape":[4294967296,4294967296],"dtype":"uint8","data":"AA=="}"#,
      413, "/y_true"
    ),
    (
      "an axis beyond integers", "y_true", #"{"shape":[1e300,1],"dtype":"uint8","data":"AA=="}"#, 400,
      "/y_true/shape/0"
    ),
    (
      "base64 of a wrong length", "y_true", #"{"shape":[1,1],"dtype":"uint8","data":"AA="}"#, 400,
      "/y_true/data"
    ),
    (
      "base64 of a wrong alphabet", "y_true", #"{"shape":[1,3],"dtype":"uint8","data":"A-_A"}"#, 400,
      "/y_true/data"
    ),
    (
      "base64 with a line's end", "y_true", #"{"shape":[1,3],"dtype":"uint8","data":"AA\nA"}"#, 400,
      "/y_true/data"
    ),
    (
      "base64 that ends in bits", "y_true", #"{"shape":[1,1],"dtype":"uint8","data":"AB=="}"#, 400,
      "/y_true/data"
    ),
    ("a file of no known kind", "y_true", #"{"file":"R0lGODlhAQ=="}"#, 422, "/y_true/file"),
    ("bad base64 of a file", "y_true", #"{"file":"%%%%"}"#, 400, "/y_true/file"),
    (
      "a file beside a shape", "y_true",
      #"{"file":"\#(base64(TestMask(random: [2, 2], seed: 1).png))","shape":[2,2]}"#, 400, "/y_true"
    ),
  ]
  static let arrays = arrayCases.map { Refusal($0.0, json($0.1, $0.2), $0.3, .pointer($0.4)) }

  @Test(arguments: arrays) func `An array that cannot be is refused`(_ refusal: Refusal) throws {
    try refusal.check()
  }

  private static let optionCases: [(String, String)] = [
    ("metrics", #""hausdorf""#), ("metrics", "[]"), ("metrics", "[\"dice\",1]"), ("metrics", "1"),
    ("metrics", "null"),
    ("metrics", #"["dice","dice"]"#), ("metrics", #"["hausdorff_100.1"]"#), ("metrics", #""""#),
    ("distance", #""cosine""#), ("distance", "1"), ("threshold", #""0.5""#), ("threshold", "null"),
    ("threshold", "[1]"),
    ("spacing", "[1]"), ("spacing", "1"), ("spacing", "[1,2,3]"), ("spacing", "[0,1]"), ("spacing", "[-1,1]"),
    ("spacing", #"["1","1"]"#), ("spacing", "[]"), ("spacing", #""1,1""#), ("spacing", "[1e300,1]"),
    ("empty", "0"), ("reduction", #""max""#), ("convention", #""numpy""#),
    ("convention", "true"), ("layout", #""WH""#), ("layout", #""BHW""#), ("layout", "2"), ("unknown", "1"),
    ("shape", "[2,2]"), ("dtype", #""uint8""#),
  ]
  static let options = optionCases.map { Refusal("\($0): \($1)", json($0, $1), 422, .pointer("/" + $0)) }

  @Test(arguments: options) func `An option or value that there is not is refused`(_ refusal: Refusal) throws
  {
    try refusal.check()
  }

  @Test func `A name is escaped in its pointer`() throws {
    try Refusal("a/b~c", Self.json("a/b~c", "1"), 422, .pointer("/a~1b~0c")).check()
  }

  private static let textCases: [(String, String, Int, Field)] = [
    ("nothing in an object", "{}", 422, .pointer("/y_true")),
    ("y_pred is missing", "{\"y_true\":\(good)}", 422, .pointer("/y_pred")),
    ("a member twice", "{\"y_true\":\(good),\"y_true\":\(good)}", 400, .pointer("/y_true")),
    ("an option twice", "{\"empty\":\"zero\",\"empty\":\"zero\"}", 400, .pointer("/empty")),
    ("an array", good, 400, .none), ("a word", "hello", 400, .none), ("a blank", " ", 400, .none),
    ("a byte order mark", "\u{FEFF}{\"y_true\":\(good),\"y_pred\":\(good)}", 400, .none),
    ("two documents", "{\"y_true\":\(good),\"y_pred\":\(good)}{}", 400, .none),
    ("cut in an array", "{\"y_true\":[[0,1],[1", 400, .pointer("/y_true/1/1")),
    ("cut in a name", "{\"y_tr", 400, .none),
    ("cut behind a colon", "{\"y_true\":", 400, .pointer("/y_true")),
    ("cut at the end", "{\"y_true\":\(good),\"y_pred\":\(good)", 400, .none),
    (
      "options that are deep", "{\"y_true\":\(good),\"y_pred\":\(good),\"metrics\":[[[[[[[[[1]]]]]]]]]}", 413,
      .pointer("/metrics/0/0/0/0/0/0/0/0")
    ),
    (
      "an array 100,000 deep", "{\"y_true\":" + String(repeating: "[", count: 100_000), 413,
      .pointer("/y_true/0/0/0/0/0")
    ),
    (
      "an option 100,000 deep", "{\"metrics\":" + String(repeating: "[", count: 100_000), 413,
      .pointer("/metrics/0/0/0/0/0/0/0/0")
    ),
    (
      "objects 100,000 deep", String(repeating: "{\"a\":", count: 100_000), 413,
      .pointer("/a/a/a/a/a/a/a/a/a")
    ),
    ("brackets 100,000 deep", String(repeating: "[", count: 100_000), 400, .none),
  ]
  static let texts = textCases.map { Refusal($0.0, .score(json: $0.1), $0.2, $0.3) }

  @Test(arguments: texts) func `A text that is no request is refused`(_ refusal: Refusal) throws {
    try refusal.check()
  }

  @Test(
    arguments: [[0xFF], [0xC0, 0x80], [0xED, 0xA0, 0x80], [0xF5, 0x80, 0x80, 0x80], [0xE2, 0x82]] as [[UInt8]]
  )
  func `Text that is not UTF-8 is refused`(_ bytes: [UInt8]) throws {
    let text =
      Array("{\"y_true\":\(Self.good),\"y_pred\":\(Self.good),\"distance\":\"".utf8) + bytes
      + Array("\"}".utf8)
    let reply = try ServerProcess.shared.ask(.score(json: text))
    #expect(reply.status == 400 && reply.header("Content-Type") == "application/problem+json", "\(reply)")
    #expect(reply.text.contains("UTF-8"), "\(reply)")
    try ServerProcess.shared.expectService()
  }

  @Test func `A query beside a body of JSON is refused`() throws {
    var request = Self.json("empty", #""zero""#)
    request.target += "?metrics=dice"
    try Refusal("query", request, 400, .parameter("metrics")).check()
  }
}
