import Hausdorff
import Testing

/// Every option, given in a query, in JSON and in a form: three times the same answer, and the right one.
struct OptionTests {
  // In a grid of 4 by 6: T = {(0, 0), (3, 1)}, P = {(0, 2), (3, 1), (2, 5)}.
  private static let truth = mask([0, 19])
  private static let prediction = mask([2, 19, 17])
  private static let nothing = mask([])

  private static func mask(_ points: Set<Int>) -> TestMask {
    TestMask([4, 6], (0..<24).map(points.contains))
  }

  private static func root(_ number: Double) -> Double { number.squareRoot() }

  private static let loss = ((2 + root(17)) / 3 + 1) / 2

  /// Options as they stand in a query, and the loss.
  private static let scored: [(String, Double)] = [
    ("", loss), ("metrics=average_hausdorff_pred_to_true", (2 + root(17)) / 3),
    ("metrics=average_hausdorff_true_to_pred", 1), ("metrics=hausdorff", root(17)),
    ("metrics=hausdorff_true_to_pred", 2), ("metrics=hausdorff_pred_to_true", root(17)),
    ("metrics=hausdorff_50", 2), ("metrics=hausdorff_75", (2 + root(17)) / 2), ("metrics=hausdorff_0", 0),
    ("metrics=hausdorff_100", root(17)), ("metrics=hausdorff_97.5_true_to_pred", 1.95),
    ("metrics=hausdorff_50_true_to_pred", 1), ("metrics=dice", 0.4), ("metrics=iou", 0.25),
    ("distance=euclidean&metrics=hausdorff", root(17)), ("distance=manhattan&metrics=hausdorff", 5),
    ("distance=chebyshev&metrics=hausdorff", 4), ("distance=manhattan&spacing=1,0.5", 11.0 / 12),
    ("metrics=hausdorff&spacing=1,10", root(1601)), ("metrics=hausdorff&spacing=1,10&distance=manhattan", 41),
    ("metrics=hausdorff&spacing=1,10&distance=chebyshev", 40),
    ("metrics=hausdorff&spacing=0.25,0.25", root(17) / 4), ("convention=modified&reduction=mean", loss),
    ("reduction=sum", loss), ("layout=HW", loss), ("threshold=0.999&metrics=dice", 0.4),
    ("threshold=-0.5&metrics=dice", 1), ("empty=skip&metrics=iou,dice", 0.25), ("threshold=1e-3", loss),
    ("threshold=.5", loss),
  ]

  private func requests(_ query: String, _ truth: TestMask, _ prediction: TestMask) -> [HTTPRequest] {
    let options = query.split(separator: "&").map { option -> (String, String) in
      let parts = option.split(separator: "=")
      return (String(parts[0]), String(parts[1]))
    }
    let members = options.map { name, value in
      switch name {
      case "threshold": ",\"threshold\":\(Double(value)!)"
      case "spacing": ",\"spacing\":[\(value)]"
      case "metrics":
        ",\"metrics\":[\(value.split(separator: ",").map { "\"\($0)\"" }.joined(separator: ","))]"
      default: ",\"\(name)\":\"\(value)\""
      }
    }
    return [
      .score(query: "shape=4,6&\(query)", octets: truth.octets + prediction.octets),
      .score(json: "{\"y_true\":\(truth.json),\"y_pred\":\(prediction.json)\(members.joined())}"),
      .score(files: truth.png, prediction.npy(.bool), options),
    ]
  }

  @Test(arguments: scored) func `An option does what it says`(_ query: String, _ expected: Double) throws {
    // PNG's foreground is 255, so a threshold between 0 and 1 finds the same points everywhere.
    for request in requests(query, Self.truth, Self.prediction) {
      let reply = try ServerProcess.shared.ask(request)
      #expect(isClose(reply.json["loss"].number, expected), "\(reply)")
    }
  }

  /// Policy; loss of `average_hausdorff` and of `dice` with one empty; the same with both.
  private static let empties: [(String, JSON, JSON, JSON, JSON)] = [
    ("zero", 0, 0, 0, 1), ("diagonal", .number(root(9 + 25)), 0, 0, 1), ("infinity", "Infinity", 0, 0, 1),
    ("nan", "NaN", "NaN", "NaN", "NaN"), ("skip", "NaN", "NaN", "NaN", "NaN"),
  ]

  @Test(arguments: empties.indices) func `An empty mask scores what the policy says, and is told`(
    _ index: Int
  ) throws {
    let (policy, one, oneDice, both, bothDice) = Self.empties[index]
    let cases = [
      (Self.truth, Self.nothing, "prediction", one, oneDice),
      (Self.nothing, Self.truth, "truth", one, oneDice),
      (Self.nothing, Self.nothing, "both", both, bothDice),
    ]
    for (truth, prediction, side, distance, dice) in cases {
      for request in requests("empty=\(policy)&metrics=average_hausdorff,dice", truth, prediction) {
        let reply = try ServerProcess.shared.ask(request)
        let json = reply.json
        #expect(json["loss"] == distance && json["metrics"]["dice"] == dice, "\(reply)")
        #expect(json["items"][0]["empty"] == .string(side))
        #expect(json["empty_counts"][side] == 1)
        #expect(json["warnings"].count == 1 && json["warnings"][0].text?.contains(policy) == true)
        if policy == "skip" { #expect(json["items"][0]["dice"] == nil as JSON) }
      }
    }
  }

  @Test func `An empty mask is refused where that is asked for`() throws {
    for (index, request) in requests("empty=error", Self.truth, Self.nothing).enumerated() {
      let field = index == 1 ? Field.pointer("/y_pred") : .parameter("y_pred")
      expectProblem(try ServerProcess.shared.ask(request), 422, field)
    }
    let both = try ServerProcess.shared.ask(requests("empty=error", Self.nothing, Self.nothing)[0])
    expectProblem(both, 422, .parameter("y_true"))
    #expect(both.json["errors"].count == 2)
  }

  /// A batch: an empty prediction, then a pair at distance 1, then a pair at distance 3; 1 by 4 each.
  private static let batch: [UInt8] =
    [1, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0] + [0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 1]

  @Test(
    arguments: [
      ("mean&empty=zero", 4.0 / 3), ("sum&empty=zero", 4), ("mean&empty=skip", 2), ("sum&empty=skip", 4),
      ("sum&empty=diagonal", 7), ("mean&empty=diagonal", 7.0 / 3),
    ] as [(String, Double)])
  func `A batch is reduced`(_ reduction: String, _ expected: Double) throws {
    let reply = try ServerProcess.shared.ask(
      .score(query: "shape=3,1,4&reduction=\(reduction)", octets: Self.batch))
    #expect(isClose(reply.json["loss"].number, expected), "\(reply)")
    #expect(reply.json["items"].count == 3)
  }

  @Test func `A batch that is not reduced has items only`() throws {
    let query = "shape=3,1,4&reduction=none&metrics=hausdorff,iou&empty=skip"
    let json = try ServerProcess.shared.ask(.score(query: query, octets: Self.batch)).json
    #expect(json["loss"] == nil as JSON && json["metrics"] == ["hausdorff": nil, "iou": nil])
    #expect(
      json["items"] == [
        ["hausdorff": nil, "iou": nil, "empty": "prediction"], ["hausdorff": 1, "iou": 0, "empty": nil],
        ["hausdorff": 3, "iou": 0, "empty": nil],
      ])
  }

  @Test func `A large batch is scored item by item in its order`() throws {
    // 500 items of 1 by 128 at distances 0, 1, 2, … 127, 0, …
    let count = 500
    var (truth, prediction) = (
      [UInt8](repeating: 0, count: 128 * count), [UInt8](repeating: 0, count: 128 * count)
    )
    for item in 0..<count {
      truth[item * 128] = 1
      prediction[item * 128 + item % 128] = 1
    }
    let query = "shape=\(count),1,128&metrics=hausdorff&reduction=sum"
    let json = try ServerProcess.shared.ask(.score(query: query, octets: truth + prediction)).json
    #expect((0..<count).allSatisfy { json["items"][$0]["hausdorff"] == .number(Double($0 % 128)) })
    #expect(json["loss"] == .number(Double((0..<count).reduce(0) { $0 + $1 % 128 })))
  }
}
