import HTTPServer
import Hausdorff
import MaskFormats
import Testing

@testable import hausdorffd

extension ScoreRequest {
  /// A request over raw bytes.
  convenience init(_ truth: TestMask, _ prediction: TestMask, _ options: [(String, String)] = []) throws {
    func array(_ mask: TestMask) throws -> NumericArray {
      let body = Body(capacity: mask.points.count) { output in for byte in mask.octets { output.append(byte) }
      }
      return try Raw.array(body, shape: mask.shape, type: .uint8)
    }
    try self.init(
      ArrayPair(
        truth: array(truth), prediction: array(prediction),
        options: OptionList(text: options.map { (name: $0.0, value: $0.1) }), isJSON: false))
  }

  /// The answer.
  func reply() throws -> ScoreReply { try ScoreSheet(self).reply() }
}

/// Replies as JSON and as tables.
struct ScoreReplyTests {
  private static let full = TestMask([2, 1, 3], [true, false, false, true, false, false])
  private static let half = TestMask([2, 1, 3], [false, false, true, false, false, false])

  private func reply(_ options: [(String, String)]) throws -> ScoreReply {
    try ScoreRequest(Self.full, Self.half, options).reply()
  }

  @Test func `A reply has everything in order`() throws {
    let text = String(decoding: try reply([("metrics", "hausdorff,dice")]).json, as: UTF8.self)
    #expect(
      text == #"{"loss":1,"metrics":{"hausdorff":1,"dice":0},"items":[{"hausdorff":2,"dice":0,"empty":null},"#
        + #"{"hausdorff":0,"dice":0,"empty":"prediction"}],"reduction":"mean","distance":"euclidean","#
        + #""convention":"modified","empty_counts":{"truth":0,"prediction":1,"both":0},"warnings":["#
        + #""1 of 2 items have an empty mask (truth 0, prediction 1, both 0): empty=zero made their distances 0, "#
        + #"which rewards a missed object"]}"#)
  }

  @Test(arguments: EmptyPolicy.allCases.filter { $0 != .error })
  func `Every policy is told in the warning`(_ policy: EmptyPolicy) throws {
    let reply = try reply([("empty", policy.rawValue), ("reduction", "sum")])
    #expect(reply.warnings[0].contains("empty=\(policy.rawValue)"))
    let expected: [EmptyPolicy: JSON] = [
      .zero: 2, .diagonal: 4, .infinity: "Infinity", .nan: "NaN", .skip: 2, .convention: 2,
    ]
    #expect(JSON(reply.json)["loss"] == expected[policy])
  }

  @Test func `Nothing empty warns of nothing`() throws {
    let reply = try ScoreRequest(Self.full, Self.full).reply()
    #expect(reply.warnings == [] && JSON(reply.json)["warnings"] == [])
    #expect(EmptySide.allCases.map(reply.empties.count) == [0, 0, 0])
  }

  @Test func `A refusal names a hundred items at most`() throws {
    let mask = TestMask([500, 1, 2], [Bool](repeating: false, count: 1000))
    let request = try ScoreRequest(mask, mask, [("empty", "error")])
    let error = #expect(throws: Problem.self) { try request.reply() }
    #expect((100...101).contains(error?.errors.count ?? 0) && error?.status == 422)
  }

  @Test func `A table of a batch has a row an item and one for all`() throws {
    let table = ScoreTable(try reply([("metrics", "hausdorff,dice"), ("empty", "skip")])).text
    #expect(
      table == """
        item  hausdorff  dice       empty
        0           2.0   0.0
        1             -     -  prediction
        mean        2.0   0.0

        """)
    #expect(ScoreTable(try reply([("reduction", "none")])).text.split(separator: "\n").count == 3)
  }

  @Test func `A table of one pair has a row a metric`() throws {
    let mask = TestMask([1, 3], [true, false, false])
    let other = TestMask([1, 3], [true, true, true])
    let reply = try ScoreRequest(mask, other, [("metrics", "average_hausdorff,iou")]).reply()
    #expect(ScoreTable(reply).text == "average_hausdorff       0.5\niou                0.333333\n")
  }
}
