import Testing

/// Requests for a loss that cannot be: each is refused with what is at fault, and the server serves on.
struct BadLossTests {
  private static let p: [Float] = [0.1, 0.2, 0.9, 0.4, 0.5, 0.6]

  private static func raw(
    _ query: String, truth: [UInt8] = [0, 0, 1, 0, 0, 1], _ p: [Float] = p, accept: String? = nil
  ) -> HTTPRequest {
    .loss(
      .score(query: "dtype_pred=float32&\(query)", octets: truth + LossRouteTests.bytes(p)), accept: accept)
  }

  /// Options in a query, and the parameter that is refused.
  private static let optionCases: [(String, String)] = [
    ("losses=hausdorff_tt", "losses"), ("losses=", "losses"), ("losses=dice_loss,", "losses"),
    ("losses=dice_loss,dice_loss", "losses"), ("losses=dice_loss:-1", "losses"),
    ("losses=dice_loss:x", "losses"),
    ("losses=dice_loss:", "losses"), ("losses=dice_loss:inf", "losses"),
    ("losses=dice_loss:0,bce:0", "losses"),
    ("losses=hausdorff_dt:balanced", "losses"), ("losses=average_hausdorff&gradient=true", "losses"),
    ("losses=dice_loss,hausdorff_95:0.1&gradient=true", "losses"), ("gradient=yes", "gradient"),
    ("from_logits=1", "from_logits"), ("activation=sigmoid", "activation"), ("background=", "background"),
    ("activation=none&from_logits=true", "activation"), ("activation=softmax&from_logits=true", "activation"),
    ("activation=relu&from_logits=true", "activation"), ("spacing=1,0", "spacing"),
    ("spacing=1e-7,1", "spacing"),
    ("spacing=1,1e7", "spacing"), ("spacing=1", "spacing"), ("reduction=max", "reduction"),
    ("empty=ignore", "empty"),
    ("convention=monai", "convention"), ("distance=cosine", "distance"), ("threshold=nan", "threshold"),
    ("layout=WH", "layout"), ("layout=BHW", "layout"), ("metrics=dice", "metrics"), ("alpha=2", "alpha"),
  ]
  static let options = optionCases.map { Refusal($0.0, raw("shape=2,3&\($0.0)"), 422, .parameter($0.1)) }

  @Test(arguments: options) func `an option that cannot be is refused`(_ refusal: Refusal) throws {
    try refusal.check()
  }

  /// Terms, and where they are at fault within the list.
  private static let termCases: [(String, String)] = [
    (#"{"name":"hausdorff_dt","alpha":-1}"#, "/0/alpha"), (#"{"name":"hausdorff_dt","alpha":0}"#, "/0/alpha"),
    (#"{"name":"hausdorff_dt","alpha":11}"#, "/0/alpha"),
    (#"{"name":"soft_hausdorff","alpha":"2"}"#, "/0/alpha"),
    (#"{"name":"hausdorff_dt","weight":-0.5}"#, "/0/weight"),
    (#"{"name":"bce","weight":"balanced"}"#, "/0/weight"),
    (#"{"name":"bce","weight":null}"#, "/0/weight"),
    (#"{"name":"bce","ramp":{"from":0,"epochs":3}}"#, "/0/ramp"),
    (#"{"name":"dice_loss","alpha":2}"#, "/0/alpha"),
    (#"{"name":"hausdorff_er","iterations":0}"#, "/0/iterations"),
    (#"{"name":"hausdorff_er","iterations":65}"#, "/0/iterations"),
    (#"{"name":"hausdorff_er","iterations":2.5}"#, "/0/iterations"),
    (#"{"name":"hausdorff_dt","log":1}"#, "/0/log"),
    (#"{"name":"hausdorff_dt","one_sided":"true"}"#, "/0/one_sided"),
    (#"{"name":"focal","gamma":-1}"#, "/0/gamma"),
    (#"{"name":"focal","gamma":11}"#, "/0/gamma"), (#"{"name":"focal","balance":1.5}"#, "/0/balance"),
    (#"{"name":"soft_hausdorff","binarize":0}"#, "/0/binarize"),
    (#"{"name":"hausdorff_95","alpha":1}"#, "/0/alpha"),
    (#"{"name":"x"}"#, "/0/name"), (#""x""#, "/0"), (#""bce:-1""#, "/0"), (#""bce:x""#, "/0"),
    (#"{"name":1}"#, "/0/name"), (#"{"weight":1}"#, "/0"), ("1", "/0"),
    ("[]", "/0"),
    ("null", "/0"), (#""dice""#, "?gradient"), (#"{"name":"soft_hausdorff","binarize":true}"#, "?gradient"),
  ]

  @Test(arguments: termCases.indices) func `a term that cannot be is refused`(_ index: Int) throws {
    let (term, place) = Self.termCases[index]
    let server = try ServerProcess.shared
    // What has a value but no gradient is refused for the list.
    let pointer = place == "?gradient" ? "" : place
    let json = #"{"y_true":[[0,1]],"y_pred":[[0.5,0.5]],"gradient":true,"losses":[\#(term)]}"#
    let reply = try server.ask(.loss(.score(json: json)))
    expectProblem(reply, 422, .pointer("/losses" + pointer))
    if pointer.isEmpty { #expect(reply.text.contains("soft_average_hausdorff")) }
    let escaped = "[\(term)]".utf8.map { "%\(String($0, radix: 16))" }.joined()
    let inQuery = try server.ask(Self.raw("shape=2,3&gradient=true&losses=\(escaped)"))
    expectProblem(inQuery, 422, .parameter("losses"))
    if pointer != "/0/name", !pointer.isEmpty {
      #expect(inQuery.json["errors"][0]["detail"].text?.hasPrefix(pointer.dropFirst()) == true, "\(inQuery)")
    }
    try server.expectService()
  }

  @Test func `a batch is left where an item has failed`() throws {
    let server = try ServerProcess.shared
    // The second item is bad; of the many behind it no more are worked on than threads had begun.
    var p = [Float](repeating: 0.5, count: 2000 * 4)
    p[5] = 2
    let reply = try server.ask(Self.raw("shape=2000,1,4", truth: [UInt8](repeating: 1, count: 8000), p))
    expectProblem(reply, 422, .parameter("y_pred"))
    #expect(reply.text.contains("[1, 0, 1]"))
  }

  @Test func `channels that layout does not name are asked for`() throws {
    let text = #"{"y_true":[[0,1],[1,0]],"y_pred":[[[0,1],[1,0]],[[0,1],[1,0]]]}"#
    let reply = try ServerProcess.shared.ask(.loss(.score(json: text)))
    expectProblem(reply, 422, .pointer("/y_pred"))
    #expect(reply.text.contains("HWC"))
  }

  @Test func `a list of losses that is no JSON, or too long, is refused`() throws {
    let server = try ServerProcess.shared
    expectProblem(try server.ask(Self.raw("shape=2,3&losses=[")), 400, .parameter("losses"))
    expectProblem(try server.ask(Self.raw("shape=2,3&losses=%7B%7D")), 422, .parameter("losses"))
    let many = (0..<65).map { "hausdorff_\($0)" }.joined(separator: ",")
    expectProblem(try server.ask(Self.raw("shape=2,3&losses=\(many)")), 422, .parameter("losses"))
    let deep = String(repeating: "%5B", count: 2000)
    #expect([400, 413, 422].contains(try server.ask(Self.raw("shape=2,3&losses=\(deep)")).status))
    try server.expectService()
  }

  @Test func `what is no probability is named with its place`() throws {
    let server = try ServerProcess.shared
    let cases: [(Float, String)] = [
      (-0.001, "[1, 1]"), (1.001, "[1, 1]"), (.nan, "[1, 1]"), (.infinity, "[1, 1]"), (255, "[1, 1]"),
    ]
    for (value, place) in cases {
      var p = Self.p
      p[4] = value
      for accept in [nil, LossRouteTests.octets] {
        let reply = try server.ask(Self.raw("shape=2,3", p, accept: accept))
        expectProblem(reply, 422, .parameter("y_pred"))
        #expect(reply.text.contains(place) && reply.text.contains("from_logits"), "\(reply)")
      }
      let logits = try server.ask(Self.raw("shape=2,3&from_logits=true", p))
      if value.isFinite {
        #expect(logits.status == 200)
      } else {
        expectProblem(logits, 422, .parameter("y_pred"))
      }
    }
    let channels = try server.ask(
      Self.raw("shape=1,3,2&layout=HWC", truth: [0, 1, 1], [0, 0, 0, 0, 0, 2]))
    #expect(channels.text.contains("2.0 at index [0, 2, 1]"), "\(channels)")
    let json = try server.ask(.loss(.score(json: #"{"y_true":[[0,1]],"y_pred":[[0,1e300]]}"#)))
    expectProblem(json, 422, .pointer("/y_pred"))
  }

  @Test func `a truth that does not fit is refused`() throws {
    let server = try ServerProcess.shared
    // Classes that y_pred has no channel for, or that are none.
    let bad = try server.ask(Self.raw("shape=1,3,2&layout=HWC", truth: [0, 1, 2]))
    expectProblem(bad, 422, .parameter("y_true"))
    #expect(bad.text.contains("2.0 at index [0, 2]"), "\(bad)")
    for value in ["0.5", "-1"] {
      let text = #"{"y_true":[[0,\#(value)]],"y_pred":[[[0,1],[1,0]]],"layout":"HWC"}"#
      expectProblem(try server.ask(.loss(.score(json: text))), 422, .pointer("/y_true"))
    }
    // Other numbers of channels.
    let shapes = [
      (#"[[[0,1,0],[0,0,1]]]"#, #"[[[0,1],[1,0]]]"#, #""layout":"HWC""#),
      ("[[0,1]]", "[[[0,1],[1,0],[0,0]]]", #""layout":"HWC""#),
      ("[[0,1]]", "[[0,1,0]]", #""layout":"HW""#), ("[[[0,1]]]", "[[0,1]]", #""layout":"HW""#),
    ]
    for (truth, prediction, layout) in shapes {
      let reply = try server.ask(
        .loss(.score(json: #"{"y_true":\#(truth),"y_pred":\#(prediction),\#(layout)}"#)))
      expectProblem(reply, 422, .pointer("/y_pred"))
    }
    expectProblem(try server.ask(Self.raw("shape=2,3", truth: [0, 1])), 422, .parameter("shape"))
    expectProblem(
      try server.ask(Self.raw("shape=1,3,2&layout=HWC", truth: [0, 1])), 422, .parameter("shape"))
    let nan = HTTPRequest.loss(
      .score(query: "shape=1,2&dtype=float32", octets: LossRouteTests.bytes([0, .nan, 0.5, 0.5])))
    expectProblem(try server.ask(nan), 422, .parameter("y_true"))
    try server.expectService()
  }

  @Test func `bytes are the gradient, so it cannot be declined`() throws {
    let reply = try ServerProcess.shared.ask(
      Self.raw("shape=2,3&gradient=false", accept: LossRouteTests.octets))
    expectProblem(reply, 422, .parameter("gradient"))
    let exact = try ServerProcess.shared.ask(
      Self.raw("shape=2,3&losses=average_hausdorff", accept: LossRouteTests.octets))
    expectProblem(exact, 422, .parameter("losses"))
  }

  @Test func `derivatives beyond float32 are refused`() throws {
    let term = #"{"name":"hausdorff_dt","alpha":10,"weight":1e9}"#.utf8.map { "%\(String($0, radix: 16))" }
    let reply = try ServerProcess.shared.ask(
      Self.raw("shape=2,3&spacing=1e6,1e6&losses=\(term.joined())", accept: LossRouteTests.octets))
    expectProblem(reply, 422, .parameter("y_pred"))
    #expect(reply.text.contains("float32"))
  }

  @Test func `more values than a reply may hold are refused`() throws {
    let count = 40_000
    let body = [UInt8](repeating: 1, count: 2 * count)
    let reply = try ServerProcess.shared.ask(
      .loss(.score(query: "shape=\(count),1,1&losses=dice_loss,bce", octets: body)))
    expectProblem(reply, 422, .parameter("y_pred"))
    let fitting = try ServerProcess.shared.ask(
      .loss(.score(query: "shape=\(count),1,1&losses=dice_loss", octets: body)))
    #expect(
      fitting.json["loss"].number.map { abs($0) < 1e-9 } == true && fitting.json["items"].count == count)
  }

  @Test func `memory that the work takes counts, and is given back`() throws {
    let server = try ServerProcess(["--max-queued-bytes=4000000", "--workers=2"])
    let octets = [UInt8](repeating: 1, count: 2 * 300 * 300)
    let little = HTTPRequest.loss(.score(query: "shape=300,300&losses=dice_loss", octets: octets))
    // A client has its answer a moment before the server has its memory back.
    func ask(_ request: HTTPRequest) throws -> HTTPReply {
      #expect(try eventually { try server.requestCount() == 0 })
      return try server.ask(request)
    }
    for _ in 0..<3 { #expect(try ask(little).status == 200) }
    // Each of many iterations is kept for the gradient.
    let term = #"{"name":"hausdorff_er","iterations":30}"#.utf8.map { "%\(String($0, radix: 16))" }.joined()
    let much = try ask(
      .loss(.score(query: "shape=300,300&losses=\(term)&gradient=true", octets: octets)))
    expectProblem(much, 413, .none)
    #expect(try ask(little).status == 200)
    #expect(try eventually { try server.requestCount() == 0 })
  }
}
