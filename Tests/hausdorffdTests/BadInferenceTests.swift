import Testing

/// Inferences that no client of Triton or KServe would ask for: each is refused with an error that names what is at fault,
/// and the server serves on.
struct BadInferenceTests {
  struct Case: Sendable, CustomTestStringConvertible {
    let name: String
    let status: Int
    /// What the error says.
    let words: [String]
    let request: HTTPRequest

    var testDescription: String { name }
  }

  private static let truth = #"{"name":"y_true","shape":[2,2],"datatype":"UINT8","data":[1,0,0,1]}"#
  private static let guess = #"{"name":"y_pred","shape":[2,2],"datatype":"FP32","data":[0,0.5,1,0]}"#

  private static func post(
    _ text: String, _ rest: [UInt8]? = nil, length: String? = nil, model: String = "dice"
  )
    -> HTTPRequest
  {
    let length = length ?? rest.map { _ in "\(text.utf8.count)" }
    return HTTPRequest(
      "POST", "/v2/models/\(model)/infer",
      headers: length.map { ["Inference-Header-Content-Length: \($0)"] } ?? [],
      body: Array(text.utf8) + (rest ?? []))
  }

  private static func inputs(_ inputs: String...) -> String {
    #"{"inputs":[\#(inputs.joined(separator: ","))]}"#
  }

  /// y_true as sent, y_pred with its members replaced.
  private static func prediction(_ members: String, _ rest: [UInt8]? = nil) -> HTTPRequest {
    post(inputs(truth, #"{"name":"y_pred",\#(members)}"#), rest)
  }

  private static func pair(_ members: String) -> HTTPRequest {
    post(#"{"inputs":[\#(truth),\#(guess)],\#(members)}"#)
  }

  private static let texts: [Case] = [
    ("nothing", 400, ["an object"], ""), ("an array", 400, ["an object"], "[]"),
    ("half of it", 400, ["end"], "{"),
    ("more than one", 400, ["end of the text"], #"{"inputs":[]}{}"#),
    ("no inputs", 400, ["/inputs: is missing"], "{}"),
    ("inputs that are none", 400, ["/inputs"], #"{"inputs":3}"#),
    ("an input that is none", 400, ["/inputs/0"], #"{"inputs":[3]}"#),
    ("no name", 400, ["/inputs/0/name: is missing"], #"{"inputs":[{}]}"#),
    ("a number for a name", 400, ["/inputs/0/name"], #"{"inputs":[{"name":3}]}"#),
    ("inputs twice", 400, ["/inputs", "twice"], #"{"inputs":[],"inputs":[]}"#),
    ("one input", 422, ["/inputs: lack 'y_pred'"], inputs(truth)),
    ("an input twice", 400, ["/inputs/1/name", "'y_true' is given twice"], inputs(truth, truth)),
    (
      "another input", 422, ["/inputs/2/name", "'x'", "y_true and y_pred"],
      inputs(truth, guess, truth.replacing("y_true", with: "x"))
    ),
    (
      "many inputs", 413, ["/inputs/16", "16"],
      inputs(String(repeating: "{\"name\":\"a\",\"shape\":[1],\"datatype\":\"BOOL\"},", count: 16) + "{}")
    ),
    ("an unknown member", 422, ["/model", "no such member"], #"{"model":"dice"}"#),
    ("an unknown member of an input", 422, ["/inputs/0/dtype"], #"{"inputs":[{"dtype":"u1"}]}"#),
    ("no UTF-8 in hexadecimal", 400, ["escape"], #"{"id":"\ud800"}"#),
    ("a long id", 413, ["/id"], #"{"id":"\#(String(repeating: "x", count: 70_000))"}"#),
    (
      "deep options", 413, ["/parameters", "deeper"],
      #"{"parameters":\#(String(repeating: #"{"a":"#, count: 600))1"#
    ),
    (
      "many options", 413, ["/parameters", "more than"],
      #"{"parameters":{"a":[\#(String(repeating: "1,", count: 10_000))1]}}"#
    ),
  ].map { Case(name: $0, status: $1, words: $2, request: post($3)) }

  private static let tensors: [Case] = [
    ("no shape", 400, ["/inputs/1/shape: is missing"], #""datatype":"FP32","data":[1]"#),
    ("no datatype", 400, ["/inputs/1/datatype: is missing"], #""shape":[1],"data":[1]"#),
    ("no data", 400, ["/inputs/1", "neither 'data' nor"], #""shape":[2,2],"datatype":"FP32""#),
    (
      "texts", 422, ["/inputs/1/datatype", "'BYTES'", "FP64"], #""shape":[1],"datatype":"BYTES","data":["a"]"#
    ),
    (
      "texts as numbers", 400, ["/inputs/1/data", "a string"], #""shape":[1],"data":["a"],"datatype":"FP32""#
    ),
    ("bfloat16", 422, ["/inputs/1/datatype", "'BF16'"], #""datatype":"BF16""#),
    ("a NumPy type", 422, ["/inputs/1/datatype", "'float32'"], #""datatype":"float32""#),
    ("an extent of 0", 400, ["/inputs/1/shape/1"], #""shape":[2,0]"#),
    ("an extent below 0", 400, ["/inputs/1/shape/0"], #""shape":[-1,2]"#),
    ("half an extent", 400, ["/inputs/1/shape/0"], #""shape":[1.5]"#),
    ("a shape that is none", 400, ["/inputs/1/shape"], #""shape":4"#),
    ("no axes", 400, ["/inputs/1/data"], #""shape":[],"datatype":"FP32","data":[1]"#),
    ("six axes", 413, ["/inputs/1/shape", "axes"], #""shape":[1,1,1,1,1,1]"#),
    ("an extent beyond all", 400, ["/inputs/1/shape/0"], #""shape":[1e300]"#),
    (
      "extents that overflow together", 413, ["/inputs/1/data", "limit"],
      #""shape":[4611686018427387904,4],"datatype":"FP32","data":[1]"#
    ),
    (
      "too many points", 413, ["/inputs/1/data", "limit"],
      #""shape":[100000,100000],"datatype":"FP32","data":[1]"#
    ),
    (
      "too few numbers", 400, ["/inputs/1/data", "[3]", "[2, 2]"],
      #""shape":[2,2],"datatype":"FP32","data":[1,2,3]"#
    ),
    ("ragged numbers", 400, ["/inputs/1/data/1"], #""shape":[2,2],"datatype":"FP32","data":[[1,2],[3]]"#),
    ("no numbers", 400, ["/inputs/1/data", "empty"], #""shape":[2,2],"datatype":"FP32","data":[]"#),
    ("NaN", 400, ["/inputs/1/data/2", "NaN"], #""shape":[2,2],"datatype":"FP32","data":[1,2,NaN,4]"#),
    (
      "a number beyond float64", 400, ["/inputs/1/data/0"],
      #""shape":[2,2],"datatype":"FP64","data":[1e999,2,3,4]"#
    ),
    (
      "a number beyond its type", 400, ["/inputs/1/data", "[0, 1]", "FP32"],
      #""shape":[2,2],"datatype":"FP32","data":[1,1e39,3,4]"#
    ),
    (
      "a byte of 256", 400, ["/inputs/1/data", "256", "[1, 1]", "UINT8"],
      #""shape":[2,2],"datatype":"UINT8","data":[1,2,3,256]"#
    ),
    (
      "another shape than y_true", 422, ["y_pred", "[1, 2]", "[2, 2]"],
      #""shape":[1,2],"datatype":"FP32","data":[1,2]"#
    ),
    ("one axis", 422, ["y_pred", "1 axes"], #""shape":[2],"datatype":"FP32","data":[1,2]"#),
    (
      "bytes without a header", 400, ["/inputs/1", "Inference-Header-Content-Length"],
      #""shape":[2,2],"datatype":"UINT8","parameters":{"binary_data_size":4}"#
    ),
    ("parameters that are none", 400, ["/inputs/1/parameters"], #""parameters":3"#),
    (
      "shared memory", 422, ["/inputs/1/parameters/shared_memory_region"],
      #""parameters":{"shared_memory_region":"a"}"#
    ),
  ].map { Case(name: $0, status: $1, words: $2, request: prediction($3)) }

  private static func bytes(_ size: String, shape: String = "[2,2]", type: String = "UINT8") -> String {
    #""shape":\#(shape),"datatype":"\#(type)","parameters":{"binary_data_size":\#(size)}"#
  }

  private static let binaries: [Case] = [
    ("fewer bytes than told", 400, ["/inputs/1", "4", "3 bytes left"], bytes("4"), [1, 2, 3]),
    ("more bytes than told", 400, ["5 bytes behind", "take 4"], bytes("4"), [1, 2, 3, 4, 5]),
    ("fewer bytes than the shape has", 400, ["/inputs/1", "3 bytes", "make 4"], bytes("3"), [1, 2, 3]),
    ("more bytes than the shape has", 400, ["/inputs/1", "5 bytes", "make 4"], bytes("5"), [1, 2, 3, 4, 5]),
    ("bytes of another type", 400, ["/inputs/1", "make 16"], bytes("4", type: "FP32"), [1, 2, 3, 4]),
    ("no bytes", 400, ["/inputs/1", "make 4"], bytes("0"), []),
    ("fewer than no bytes", 400, ["/inputs/1/parameters/binary_data_size"], bytes("-4"), [1, 2, 3, 4]),
    ("half a byte", 400, ["/inputs/1/parameters/binary_data_size"], bytes("4.5"), [1, 2, 3, 4]),
    ("a text of bytes", 400, ["/inputs/1/parameters/binary_data_size"], bytes("\"4\""), [1, 2, 3, 4]),
    (
      "all the bytes there are", 400, ["/inputs/1/parameters/binary_data_size"], bytes("9223372036854775807"),
      [1, 2, 3, 4]
    ),
    ("almost as many", 400, ["/inputs/1", "4 bytes left"], bytes("9223372036854774784"), [1, 2, 3, 4]),
    (
      "a shape that overflows", 413, ["/inputs/1", "limit"], bytes("4", shape: "[4611686018427387904,4]"),
      [1, 2, 3, 4]
    ),
    ("data and bytes", 400, ["/inputs/1", "both"], bytes("4") + #","data":[1,2,3,4]"#, [1, 2, 3, 4]),
    (
      "bytes of NaN", 422, ["y_pred", "[0, 0]", "NaN"], bytes("16", type: "FP32"),
      [0, 0, 0xC0, 0x7F] + [UInt8](repeating: 0, count: 12)
    ),
  ].map { Case(name: $0, status: $1, words: $2, request: prediction($3, $4)) }

  private static let rest: [Case] = [
    ("outputs that are none", 400, ["/outputs"], pair(#""outputs":3"#)),
    ("an output without a name", 400, ["/outputs/0/name"], pair(#""outputs":[{}]"#)),
    (
      "an output of another name", 422, ["/outputs/1/name", "'x'", "loss"],
      pair(#""outputs":[{"name":"loss"},{"name":"x"}]"#)
    ),
    (
      "an output twice", 400, ["/outputs/1/name", "twice"],
      pair(#""outputs":[{"name":"loss"},{"name":"loss"}]"#)
    ),
    (
      "a binary_data of 3", 400, ["/outputs/0/parameters/binary_data"],
      pair(#""outputs":[{"name":"loss","parameters":{"binary_data":3}}]"#)
    ),
    (
      "an output in shared memory", 422, ["/outputs/0/parameters/shared_memory_region"],
      pair(#""outputs":[{"name":"loss","parameters":{"shared_memory_region":"a"}}]"#)
    ),
    ("an output elsewhere", 422, ["/outputs/0/data"], pair(#""outputs":[{"name":"loss","data":[]}]"#)),
    ("parameters that are none", 400, ["/parameters"], pair(#""parameters":[]"#)),
    (
      "a binary_data_output of 3", 422, ["/parameters/binary_data_output"],
      pair(#""parameters":{"binary_data_output":3}"#)
    ),
    ("an unknown parameter", 422, ["/parameters/a~1b", "options are"], pair(#""parameters":{"a/b":3}"#)),
    (
      "no number of bytes", 400, ["Inference-Header-Content-Length", "'x'"],
      post(inputs(truth, guess), length: "x")
    ),
    ("a sign", 400, ["Inference-Header-Content-Length", "'+3'"], post(inputs(truth, guess), length: "+3")),
    (
      "fewer than no bytes of JSON", 400, ["Inference-Header-Content-Length", "'-1'"],
      post(inputs(truth, guess), length: "-1")
    ),
    ("more JSON than body", 400, ["99999"], post(inputs(truth, guess), length: "99999")),
    (
      "more than all", 400, ["Inference-Header-Content-Length"],
      post(inputs(truth, guess), length: "99999999999999999999")
    ),
    ("less JSON than there is", 400, ["not closed"], post(inputs(truth, guess), length: "20")),
    (
      "a body that is no JSON at all", 400, ["Inference-Header-Content-Length", "two inputs"],
      post("\u{1}\u{1}", length: "0")
    ),
    (
      "a loss of no JSON", 400, ["Inference-Header-Content-Length", "two inputs"],
      post("\u{1}\u{1}", length: "0", model: "bce")
    ),
    ("a job of another id", 404, ["unknown model", "job-x"], post("{}", model: "job-x")),
    ("another job", 404, ["unknown model"], post("{}", model: "job-01890000-0000-7000-8000-000000000000")),
    ("a metric of no name", 404, ["unknown model"], post("{}", model: "hausdorff_1e9")),
    ("a name with an escape", 404, ["unknown model", "di ce"], post("{}", model: "di%20ce")),
    ("another method", 405, ["POST"], HTTPRequest("PUT", "/v2/models/dice/infer")),
    ("another path", 404, ["nothing"], HTTPRequest("GET", "/v2/models/dice/versions/1/infer/x")),
    (
      "another coding", 415, ["gzip, deflate"],
      HTTPRequest("POST", "/v2/models/dice/infer", headers: ["Content-Encoding: br"], body: [1])
    ),
    (
      "gzip that is none", 400, ["unpacked"],
      HTTPRequest("POST", "/v2/models/dice/infer", headers: ["Content-Encoding: gzip"], body: [1])
    ),
  ].map { Case(name: $0, status: $1, words: $2, request: $3) }

  private func check(_ one: Case) throws {
    let server = try ServerProcess.shared
    var request = one.request
    // Errors are not packed, and nobody is asked what they take.
    request.headers += ["Accept-Encoding: gzip", "Accept: image/png"]
    let reply = try server.ask(request)
    #expect(reply.status == one.status, "\(reply)")
    #expect(reply.header("Content-Type") == "application/json" && reply.header("Content-Encoding") == nil)
    guard case .object(let members) = reply.json else {
      Issue.record("no object: \(reply)")
      return
    }
    #expect(Array(members.keys) == ["error"])
    for word in one.words { #expect(reply.json["error"].text?.contains(word) == true, "\(reply)") }
    try server.expectService()
  }

  @Test(arguments: texts) func `A text that says nothing is refused`(_ one: Case) throws { try check(one) }

  @Test(arguments: tensors) func `A tensor that is none is refused`(_ one: Case) throws { try check(one) }

  @Test(arguments: binaries) func `Bytes that do not add up are refused`(_ one: Case) throws {
    try check(one)
  }

  @Test(arguments: rest) func `What else is wrong is refused`(_ one: Case) throws { try check(one) }
}
