import Hausdorff
import Testing

/// Good pairs in every form that is taken, against the scores of an oracle that looks at every pair of points.
struct GoodInputTests {
  private static let truth = TestMask(random: [9, 13], seed: 1)
  private static let prediction = TestMask(random: [9, 13], seed: 2)
  private static let expected = Oracle(truth, prediction).averageHausdorff

  /// That the reply is a score of one pair of which `loss` is the only metric.
  private func expectLoss(
    _ reply: HTTPReply, _ loss: Double, metric: String = "average_hausdorff",
    sourceLocation: SourceLocation = #_sourceLocation
  ) {
    let json = reply.json
    #expect(reply.status == 200, "\(reply)", sourceLocation: sourceLocation)
    #expect(reply.header("Content-Type") == "application/json", sourceLocation: sourceLocation)
    #expect(isClose(json["loss"].number, loss), "\(reply), not \(loss)", sourceLocation: sourceLocation)
    #expect(json["metrics"][metric] == json["loss"], sourceLocation: sourceLocation)
    #expect(json["items"].count == 1, sourceLocation: sourceLocation)
    #expect(json["items"][0][metric] == json["loss"], sourceLocation: sourceLocation)
    #expect(json["items"][0]["empty"] == nil as JSON, sourceLocation: sourceLocation)
    #expect(json["reduction"] == "mean" && json["convention"] == "modified", sourceLocation: sourceLocation)
    #expect(
      json["empty_counts"] == ["truth": 0, "prediction": 0, "both": 0], sourceLocation: sourceLocation)
    #expect(json["warnings"] == [], sourceLocation: sourceLocation)
  }

  static let types = ScalarType.allCases

  @Test(arguments: types) func `Raw bytes of every type`(_ type: ScalarType) throws {
    let server = try ServerProcess.shared
    let (truth, prediction) = (Self.truth, Self.prediction)
    let alike = truth.elements(type) + prediction.elements(type)
    expectLoss(
      try server.ask(.score(query: "shape=9,13&dtype=\(type.rawValue)", octets: alike)), Self.expected)
    for other in Self.types {
      let query = "shape=9,13&dtype_true=\(type.rawValue)&dtype_pred=\(other.rawValue)"
      let octets = truth.elements(type) + prediction.elements(other)
      expectLoss(try server.ask(.score(query: query, octets: octets)), Self.expected)
    }
  }

  @Test func `Bits, each row of them in whole bytes`() throws {
    let (truth, prediction) = (Self.truth, Self.prediction)
    let requests: [HTTPRequest] = [
      .score(query: "shape=9,13&dtype=bit", octets: truth.bits + prediction.bits),
      .score(query: "shape=9,13&dtype_true=bit", octets: truth.bits + prediction.elements(.uint8)),
      .score(
        query: "shape=9,13&dtype=float32&dtype_pred=bit", octets: truth.elements(.float32) + prediction.bits),
      .score(
        json:
          #"{"y_true":{"shape":[9,13],"dtype":"bit","data":"\#(base64(truth.bits))"},"y_pred":\#(prediction.json)}"#
      ),
    ]
    for request in requests { expectLoss(try ServerProcess.shared.ask(request), Self.expected) }
  }

  @Test func `Run lengths as COCO has them`() throws {
    let (truth, prediction) = (Self.truth, Self.prediction)
    let json = #"{"y_true":{"rle":\#(truth.runs)},"y_pred":{"rle":\#(prediction.runs)}}"#
    expectLoss(try ServerProcess.shared.ask(.score(json: json)), Self.expected)
  }

  @Test(arguments: types) func `Base64 of every type`(_ type: ScalarType) throws {
    let json = #"{"y_true":\#(Self.truth.encoded(type)),"y_pred":\#(Self.prediction.json)}"#
    expectLoss(try ServerProcess.shared.ask(.score(json: json)), Self.expected)
  }

  @Test(arguments: types, [false, true]) func `npy files of every type`(_ type: ScalarType, _ bigEndian: Bool)
    throws
  {
    let request = HTTPRequest.score(
      files: Self.truth.npy(type, bigEndian: bigEndian), Self.prediction.npy(type, bigEndian: !bigEndian))
    expectLoss(try ServerProcess.shared.ask(request), Self.expected)
  }

  @Test func `PNG, npy, nested numbers and files inside JSON mix`() throws {
    let (truth, prediction) = (Self.truth, Self.prediction)
    let requests: [HTTPRequest] = [
      .score(files: truth.png, prediction.png), .score(files: truth.png, prediction.npy()),
      .score(json: #"{"y_true":\#(truth.json),"y_pred":\#(prediction.json)}"#),
      .score(json: #"{"y_true":{"file":"\#(base64(truth.png))"},"y_pred":\#(prediction.encoded(.bool))}"#),
      .score(json: #"{"y_true":\#(truth.json),"y_pred":{"file":"\#(base64(prediction.npy(.int64)))"}}"#),
    ]
    for request in requests { expectLoss(try ServerProcess.shared.ask(request), Self.expected) }
  }

  @Test func `Booleans count as 0 and 1`() throws {
    let json = #"{"y_true":[[true,false,false]],"y_pred":[[false,0,1]]}"#
    expectLoss(try ServerProcess.shared.ask(.score(json: json)), 2)
  }

  @Test func `A body too large for the thread that received it is scored by a worker alike`() throws {
    let (truth, prediction) = (TestMask(random: [150, 90], seed: 8), TestMask(random: [150, 90], seed: 9))
    let expected = Oracle(truth, prediction).averageHausdorff
    let server = try ServerProcess.shared
    // Five metrics make it too much for the thread that received it.
    for metrics in ["average_hausdorff", "average_hausdorff,hausdorff,hausdorff_95,dice,iou"] {
      let query = "shape=150,90&metrics=\(metrics)"
      expectLoss(try server.ask(.score(query: query, octets: truth.octets + prediction.octets)), expected)
    }
    expectLoss(try server.ask(.score(files: truth.png, prediction.npy(.float64))), expected)
    expectLoss(
      try server.ask(.score(json: #"{"y_true":\#(truth.json),"y_pred":\#(prediction.json)}"#)), expected)
  }

  @Test(
    arguments: [
      "HW", "HWC", "CHW", "BHW", "BHWC", "BCHW", "DHW", "DHWC", "CDHW", "BDHW", "BDHWC", "BCDHW", "bchw",
      "dhw",
    ], ["raw", "json", "form"])
  func `Every layout`(_ layout: String, _ media: String) throws {
    let extents: [Character: Int] = ["B": 3, "D": 2, "H": 4, "W": 5, "C": 1]
    let shape = layout.uppercased().map { extents[$0]! }
    let space = layout.uppercased().filter { "DHW".contains($0) }.map { extents[$0]! }
    let (truth, prediction) = (TestMask(random: shape, seed: 11), TestMask(random: shape, seed: 12))
    let count = space.reduce(1, *)
    let expected = stride(from: 0, to: truth.points.count, by: count).map { start in
      func item(_ mask: TestMask) -> TestMask { TestMask(space, Array(mask.points[start..<start + count])) }
      return Oracle(item(truth), item(prediction)).averageHausdorff
    }
    let request: HTTPRequest =
      switch media {
      case "raw":
        .score(
          query: "shape=\(shape.map(String.init).joined(separator: ","))&layout=\(layout)",
          octets: truth.octets + prediction.octets)
      case "json":
        .score(json: #"{"y_true":\#(truth.json),"y_pred":\#(prediction.json),"layout":"\#(layout)"}"#)
      default: .score(files: truth.npy(), prediction.npy(), [("layout", layout)])
      }
    let json = try ServerProcess.shared.ask(request).json
    #expect(json["items"].count == expected.count)
    for (index, value) in expected.enumerated() {
      #expect(isClose(json["items"][index]["average_hausdorff"].number, value), "\(index)")
    }
    #expect(isClose(json["loss"].number, expected.reduce(0, +) / Double(expected.count)))
  }

  @Test(arguments: [([4, 5], 1), ([3, 4, 5], 3), ([3, 4, 5, 1], 3)])
  func `Without a layout the number of axes tells`(_ shape: [Int], _ items: Int) throws {
    let mask = TestMask(random: shape, seed: 3)
    let query = "shape=\(shape.map(String.init).joined(separator: ","))"
    let json = try ServerProcess.shared.ask(.score(query: query, octets: mask.octets + mask.octets)).json
    #expect(json["items"].count == items && json["loss"] == 0)
  }
}
