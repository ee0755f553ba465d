import HTTPServer
import Hausdorff
import MaskFormats
import Testing

@testable import hausdorffd

/// `POST /v1/loss`: in every form and layout the loss and the gradient that the library gives.
struct LossRouteTests {
  static let octets = "application/octet-stream"

  /// What is asked: B × C planes of 4 × 5 points, truth as masks or as classes.
  struct Case {
    let channels: Int
    let truth: [UInt8]  // as many as predictions
    let classes: [UInt8]  // one for each point
    let prediction: [Float]

    /// Two items. Logits where `logits`.
    init(channels: Int, logits: Bool = false) {
      self.channels = channels
      let classes = (0..<40).map { UInt8($0 * 7 / 5 % max(2, channels)) }
      self.classes = classes
      truth = (0..<2 * channels * 20).map { index in
        let (item, channel, point) = (index / (channels * 20), index / 20 % channels, index % 20)
        let wanted = channels == 1 ? 1 : channel
        return classes[item * 20 + point] == wanted ? 1 : 0
      }
      prediction = (0..<2 * channels * 20).map { index in
        let p = Float(index * 37 % 101) / 101
        return logits ? 6 * p - 3 : p
      }
    }

    /// Item × channel × point to item × point × channel.
    func last<Value>(_ values: [Value]) -> [Value] {
      values.indices.map { index in
        let (item, point, channel) = (index / (20 * channels), index / channels % 20, index % channels)
        return values[(item * channels + channel) * 20 + point]
      }
    }

    /// The loss and the gradient, channels before space, by the library.
    func expected(
      _ terms: [LossTerm], _ activation: Activation = .none, background: Bool = false,
      reduction: Reduction = .mean
    ) throws -> (value: LossValue, gradient: [Float]) {
      var function = LossFunction(terms: terms, spacing: [1, 1])
      (function.activation, function.includesBackground) = (activation, background)
      function.reduction = reduction
      let scored = function.scoredChannels(of: channels)
      let masks = try (0..<2).flatMap { item in
        try scored.map { channel in
          let start = (item * channels + channel) * 20
          return try Mask(
            shape: [4, 5], elements: truth.span.extracting(start..<start + 20).bytes, type: .uint8)
        }
      }
      var gradient = [Float](repeating: 0, count: prediction.count)
      var slopes = gradient.mutableSpan
      let value = try function.evaluate(
        truth: masks, prediction: prediction.span, channels: channels, gradient: &slopes)
      return (value, gradient)
    }
  }

  static func bytes(_ values: [Float]) -> [UInt8] {
    values.flatMap { withUnsafeBytes(of: $0.bitPattern.littleEndian) { Array($0) } }
  }

  static func floats(_ bytes: [UInt8]) -> [Float] {
    stride(from: 0, to: bytes.count / 4 * 4, by: 4).map { at in
      Float(bitPattern: (0..<4).reduce(0) { $0 | UInt32(bytes[at + $1]) << UInt32(8 * $1) })
    }
  }

  private static let terms = [LossTerm(.hausdorffDistanceTransform(), weight: 0.5), LossTerm(.dice)]
  private static let losses = "losses=hausdorff_dt:0.5,dice_loss"

  /// Channels, shape, layout, whether channels come last, whether truth is classes.
  private static let layouts: [(Int, String, String, Bool, Bool)] = [
    (1, "2,4,5", "BHW", false, false), (1, "2,4,5,1", "BHWC", true, false),
    (1, "2,1,4,5", "BCHW", false, false),
    (3, "2,4,5,3", "BHWC", true, false), (3, "2,3,4,5", "BCHW", false, false),
    (3, "2,4,5,3", "BHWC", true, true),
    (3, "2,3,4,5", "BCHW", false, true), (3, "2,1,4,5,3", "BDHWC", true, true),
  ]

  @Test(arguments: layouts.indices, [false, true])
  func `bytes in, gradient out, in every layout`(_ index: Int, _ background: Bool) throws {
    let (channels, shape, layout, isLast, takesClasses) = Self.layouts[index]
    let asked = Case(channels: channels)
    let (value, gradient) = try asked.expected(Self.terms, background: background)
    let truth = takesClasses ? asked.classes : isLast ? asked.last(asked.truth) : asked.truth
    let body = truth + Self.bytes(isLast ? asked.last(asked.prediction) : asked.prediction)
    let query = "shape=\(shape)&layout=\(layout)&dtype_pred=float32&background=\(background)&\(Self.losses)"
    let reply = try ServerProcess.shared.ask(.loss(.score(query: query, octets: body), accept: Self.octets))
    #expect(reply.status == 200 && reply.header("Content-Type") == Self.octets, "\(reply)")
    #expect(Self.floats(reply.body) == (isLast ? asked.last(gradient) : gradient))
    #expect(reply.header("Loss").flatMap(Double.init) == value.loss)

    // The same as JSON.
    let json = try ServerProcess.shared.ask(
      .loss(.score(query: query + "&gradient=true", octets: body))
    ).json
    #expect(isClose(json["loss"].number, value.loss ?? .nan))
    #expect(json["gradient"]["data"] == .string(base64(reply.body)) && json["gradient"]["dtype"] == "float32")
    #expect(
      json["gradient"]["shape"] == .array(shape.split(separator: ",").map { .number(Double($0)!) }))
    #expect(json["items"].count == value.items.count)
    for (place, item) in value.items.enumerated() {
      #expect(isClose(json["items"][place]["hausdorff_dt"].number, item.values[0]!))
      #expect(isClose(json["items"][place]["dice_loss"].number, item.values[1]!))
      #expect(json["items"][place]["label"] == (channels == 1 ? .missing : .number(Double(item.channel))))
    }
    #expect(isClose(json["terms"]["hausdorff_dt"].number, value.terms[0]!))
    if channels > 1 {
      let ones = value.items.filter { $0.channel == 1 }.map { $0.values[1]! }
      #expect(isClose(json["labels"]["1"]["dice_loss"].number, ones.reduce(0, +) / Double(ones.count)))
    }
  }

  @Test func `JSON, base64 and files give the same`() throws {
    let truth = TestMask(random: [9, 13], seed: 1)
    let prediction = TestMask(random: [9, 13], seed: 2)
    let mask = try Mask(shape: [9, 13], elements: truth.octets.span.bytes, type: .uint8)
    let function = LossFunction(terms: [LossTerm(.softAverageHausdorff)], spacing: [1, 1])
    let p = prediction.points.map { $0 ? Float(1) : 0 }
    var slopes = [Float](repeating: 0, count: p.count)
    var span = slopes.mutableSpan
    let loss = try function.evaluate(
      truth: [mask], prediction: p.span, channels: 1, gradient: &span
    ).loss
    let ones = TestMask.npy(descr: "'<f4'", shape: "(9, 13)", data: Self.bytes(p))
    let requests: [HTTPRequest] = [
      .score(json: "{\"y_true\":\(truth.json),\"y_pred\":\(prediction.json),\"gradient\":true}"),
      .score(
        json:
          #"{"y_true":{"file":"\#(base64(truth.png))"},"y_pred":{"file":"\#(base64(ones))"},"gradient":true}"#
      ),
      .score(files: truth.png, ones, [("gradient", "true"), ("losses", "soft_average_hausdorff")]),
      .score(files: truth.npy(.bool), prediction.npy(.bool), [("gradient", "true")]),
    ]
    for request in requests {
      let json = try ServerProcess.shared.ask(.loss(request)).json
      #expect(isClose(json["loss"].number, loss ?? .nan), "\(json)")
      #expect(json["gradient"]["data"] == .string(base64(Self.bytes(slopes))))
      let bytes = try ServerProcess.shared.ask(.loss(request, accept: Self.octets))
      #expect(bytes.body == Self.bytes(slopes))
    }
    // It is what the exact score is.
    let score = try ServerProcess.shared.ask(.score(files: truth.png, ones))
    #expect(isClose(score.json["loss"].number, loss ?? .nan, within: 1e-6))
  }

  static let types = ScalarType.allCases

  @Test(arguments: types) func `predictions of every type`(_ type: ScalarType) throws {
    let truth = TestMask(random: [6, 7], seed: 1)
    let prediction = TestMask(random: [6, 7], seed: 2)
    // Foreground is 3, or true: a logit.
    let query = "shape=6,7&dtype_pred=\(type.rawValue)&from_logits=true&losses=bce"
    let reply = try ServerProcess.shared.ask(
      .loss(.score(query: query, octets: truth.octets + prediction.elements(type)), accept: Self.octets))
    let high: Float = type == .bool ? 1 : 3
    let expected = try Mask(shape: [6, 7], elements: truth.octets.span.bytes, type: .uint8)
    var function = LossFunction(terms: [LossTerm(.crossEntropy)], spacing: [1, 1])
    function.activation = .sigmoid
    let logits = prediction.points.map { $0 ? high : 0 }
    let loss = try function.evaluate(truth: [expected], prediction: logits.span, channels: 1).loss
    #expect(reply.header("Loss").flatMap(Double.init) == loss, "\(reply)")
  }

  @Test(arguments: [
    ("", Activation.softmax), ("&activation=softmax", .softmax), ("&activation=sigmoid", .sigmoid),
  ])
  func `logits go through softmax, or each through its sigmoid`(_ option: String, _ activation: Activation)
    throws
  {
    let asked = Case(channels: 3, logits: true)
    let (value, gradient) = try asked.expected([LossTerm(.dice)], activation)
    let query = "shape=2,3,4,5&layout=BCHW&dtype_pred=float32&losses=dice_loss&from_logits=true\(option)"
    let reply = try ServerProcess.shared.ask(
      .loss(.score(query: query, octets: asked.truth + Self.bytes(asked.prediction)), accept: Self.octets))
    #expect(Self.floats(reply.body) == gradient && reply.header("Loss").flatMap(Double.init) == value.loss)
  }

  /// Terms as they may be written, in a query (JSON too) and in JSON.
  private static let written: [(String, LossTerm)] = [
    (#""soft_hausdorff""#, LossTerm(.softHausdorff())),
    (#"{"name":"soft_hausdorff","alpha":1.5}"#, LossTerm(.softHausdorff(alpha: 1.5))),
    (#""soft_average_hausdorff""#, LossTerm(.softAverageHausdorff)),
    (#""hausdorff_dt""#, LossTerm(.hausdorffDistanceTransform())),
    (
      #"[{"name":"hausdorff_dt","weight":0.25,"alpha":1,"one_sided":true,"log":true}]"#,
      LossTerm(.hausdorffDistanceTransform(alpha: 1, oneSided: true, log: true), weight: 0.25)
    ),
    (
      #"{"name":"hausdorff_er","iterations":3,"alpha":1.5}"#,
      LossTerm(.hausdorffErosion(alpha: 1.5, iterations: 3))
    ),
    (#""hausdorff_er""#, LossTerm(.hausdorffErosion())), (#""boundary""#, LossTerm(.boundary)),
    (#""dice_loss""#, LossTerm(.dice)), (#""bce""#, LossTerm(.crossEntropy)),
    (#""focal""#, LossTerm(.focal())),
    (#"{"name":"focal","gamma":1,"balance":0.25}"#, LossTerm(.focal(gamma: 1, balance: 0.25))),
  ]

  @Test(arguments: written.indices) func `every loss and option is understood`(_ index: Int) throws {
    let (text, term) = Self.written[index]
    let asked = Case(channels: 1)
    let (value, gradient) = try asked.expected([term])
    let escaped = text.utf8.map { "%\(String($0, radix: 16))" }.joined()
    let body = asked.truth + Self.bytes(asked.prediction)
    // In a query a text within quotes is no name, but a name is.
    let query = text.hasPrefix("\"") ? String(text.dropFirst().dropLast()) : escaped
    let encoded = #"{"shape":[2,4,5],"dtype":"float32","data":"\#(base64(Self.bytes(asked.prediction)))"}"#
    let truth = TestMask([2, 4, 5], asked.truth.map { $0 == 1 })
    let requests: [HTTPRequest] = [
      .score(query: "shape=2,4,5&dtype_pred=float32&losses=\(query)", octets: body),
      .score(json: #"{"y_true":\#(truth.json),"y_pred":\#(encoded),"losses":\#(text)}"#),
      .score(json: #"{"y_true":\#(truth.json),"y_pred":\#(encoded),"losses":[\#(text.trimmingBrackets)]}"#),
    ]
    for request in requests {
      let reply = try ServerProcess.shared.ask(.loss(request, accept: Self.octets))
      #expect(reply.header("Loss").flatMap(Double.init) == value.loss, "\(reply)")
      #expect(Self.floats(reply.body) == gradient)
    }
  }

  @Test func `exact scores may be terms, told beside a gradient with a weight of 0`() throws {
    let truth = TestMask(random: [9, 13], seed: 1)
    let prediction = TestMask(random: [9, 13], seed: 2)
    let score = try ServerProcess.shared.ask(
      .score(
        query: "shape=9,13&metrics=average_hausdorff,hausdorff_95", octets: truth.octets + prediction.octets)
    ).json["metrics"]
    func ask(_ query: String) throws -> JSON {
      try ServerProcess.shared.ask(
        .loss(.score(query: "shape=9,13&\(query)", octets: truth.octets + prediction.octets))
      ).json
    }
    let alone = try ask("losses=average_hausdorff,hausdorff_95:2")
    #expect(alone["terms"] == score && alone["gradient"] == .missing)
    #expect(
      isClose(alone["loss"].number, score["average_hausdorff"].number! + 2 * score["hausdorff_95"].number!))
    let beside = try ask("losses=dice_loss,hausdorff_95:0&gradient=true")
    #expect(beside["loss"] == beside["terms"]["dice_loss"] && beside["gradient"]["data"].text != nil)
    #expect(beside["terms"]["hausdorff_95"] == score["hausdorff_95"])
  }

  @Test func `without reduction items are told one by one, each with its own gradient`() throws {
    let asked = Case(channels: 1)
    let (value, gradient) = try asked.expected(Self.terms, reduction: .none)
    let body = asked.truth + Self.bytes(asked.prediction)
    let query = "shape=2,4,5&dtype_pred=float32&reduction=none&\(Self.losses)"
    let json = try ServerProcess.shared.ask(.loss(.score(query: query, octets: body))).json
    #expect(json["loss"] == nil as JSON && json["terms"] == ["hausdorff_dt": nil, "dice_loss": nil])
    #expect((0..<2).allSatisfy { isClose(json["items"][$0]["dice_loss"].number, value.items[$0].values[1]!) })
    let reply = try ServerProcess.shared.ask(.loss(.score(query: query, octets: body), accept: Self.octets))
    #expect(reply.header("Loss") == nil && Self.floats(reply.body) == gradient)
  }

  @Test func `empty masks are counted and told, and their gradient is finite`() throws {
    let p: [Float] = [0.1, 0.2, 0.3, 0.4, 0.9, 0.2, 0.3, 0.4, 0.1, 0.2, 0.3, 0.4]
    let body: [UInt8] = [0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 0, 0] + Self.bytes(p)
    let names = LossTerm.differentiableNames.joined(separator: ",")
    let query = "shape=3,1,4&dtype_pred=float32&gradient=true&losses=\(names),hausdorff:0&empty=infinity"
    let json = try ServerProcess.shared.ask(.loss(.score(query: query, octets: body))).json
    #expect((0..<3).map { json["items"][$0]["empty"] } == ["both", "truth", "prediction"])
    #expect(json["empty_counts"] == ["truth": 1, "prediction": 1, "both": 1] && json["warnings"].count == 1)
    #expect(
      json["warnings"][0].text?.contains("empty=infinity") == true
        && json["items"][1]["hausdorff"] == "Infinity")
    let reply = try ServerProcess.shared.ask(.loss(.score(query: query, octets: body), accept: Self.octets))
    #expect(reply.body.count == 48 && Self.floats(reply.body).allSatisfy(\.isFinite))
    let refused = try ServerProcess.shared.ask(
      .loss(.score(query: query.replacing("infinity", with: "error"), octets: body)))
    expectProblem(refused, 422, .parameter("y_true"))
    #expect(refused.json["errors"].count == 4)
  }

  @Test func `float64 is compared with the threshold before it is rounded`() throws {
    let json = #"{"y_true":[[0,1]],"y_pred":[[0.1,0.1]],"threshold":0.1,"losses":"dice"}"#
    let reply = try ServerProcess.shared.ask(.loss(.score(json: json))).json
    #expect(reply["loss"] == 0 && reply["items"][0]["empty"] == "prediction")
  }

  /// The route in a server of this process.
  private func serve(deadline: Duration) throws -> (HTTPServer, ScoringPool) {
    var limits = ScoringPool.Limits()
    limits.deadline = deadline
    let pool = ScoringPool(limits: limits)
    var configuration = ServerConfiguration()
    configuration.port = 0
    let route = LossRoute(pool: pool, limits: FormatLimits()).route
    return (try HTTPServer(configuration: configuration, router: Router([route])), pool)
  }

  @Test func `a request past its deadline is answered 503, one in time with its loss`() throws {
    let body = [UInt8](repeating: 1, count: 2 * 4 * 64 * 64)
    for (deadline, status) in [(Duration.seconds(-1), 503), (.seconds(600), 200)] {
      let (server, pool) = try serve(deadline: deadline)
      let client = try RawClient(port: server.port)
      client.send(HTTPRequest.loss(.score(query: "shape=4,64,64", octets: body)).bytes)
      let reply = try client.reply()
      #expect(reply.status == status, "\(reply)")
      if status == 503 {
        expectProblem(reply, 503, .none)
        #expect(reply.header("Retry-After") == "1" && reply.text.contains("deadline"))
      }
      #expect(eventually { pool.requestCount == 0 })
    }
  }

  @Test func `a batch ends where its client goes or its deadline passes`() throws {
    let asked = Case(channels: 1)
    let body = Body(capacity: asked.truth.count + 4 * asked.prediction.count) { output in
      for byte in asked.truth + Self.bytes(asked.prediction) { output.append(byte) }
    }
    let truth = try Raw.array(body, range: 0..<40, shape: [2, 4, 5], type: .uint8)
    let prediction = try Raw.array(body, range: 40..<200, shape: [2, 4, 5], type: .float32)
    let request = try LossRequest(
      ArrayPair(truth: truth, prediction: prediction, options: OptionList(json: []), isJSON: false),
      wantsBytes: true)
    #expect(try request.reply { _, each in each(1) } == nil)
    #expect(try request.reply { count, each in for item in 0..<count { each(item) } } != nil)
  }

  @Test func `an answer is of the type that Accept prefers`() throws {
    let asked = Case(channels: 1)
    let request = HTTPRequest.score(
      query: "shape=2,4,5&dtype_pred=float32", octets: asked.truth + Self.bytes(asked.prediction))
    for (accept, type) in [
      (nil, "application/json"), ("*/*", "application/json"),
      ("application/*;q=0.5, \(Self.octets)", Self.octets),
      ("\(Self.octets);q=0.1, application/json", "application/json"),
    ] {
      #expect(try ServerProcess.shared.ask(.loss(request, accept: accept)).header("Content-Type") == type)
    }
    expectProblem(try ServerProcess.shared.ask(.loss(request, accept: "image/png")), 406, .none)
    #expect(try ServerProcess.shared.ask(HTTPRequest("GET", "/v1/loss")).status == 405)
  }
}

extension String {
  fileprivate var trimmingBrackets: Substring { hasPrefix("[") ? dropFirst().dropLast() : self[...] }
}
