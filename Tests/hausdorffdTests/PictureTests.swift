import Hausdorff
import MaskFormats
import Testing

@testable import hausdorffd

/// `POST /v1/score` with `Accept: image/png`, and `hausdorffd score --picture`.
struct PictureTests {
  private static let volume = (TestMask(random: [3, 9, 20], seed: 3), TestMask(random: [3, 9, 20], seed: 5))

  private static func picture(_ request: HTTPRequest, accept: String = "image/png") -> HTTPRequest {
    var request = request
    request.headers.append("Accept: \(accept)")
    return request
  }

  private static func octets(_ pair: (TestMask, TestMask), _ query: String) -> HTTPRequest {
    .score(query: query, octets: pair.0.octets + pair.1.octets)
  }

  private func image(_ reply: HTTPReply) throws -> (height: Int, width: Int, samples: [UInt8]) {
    #expect(reply.status == 200 && reply.header("Content-Type") == "image/png", "\(reply)")
    let folder = try TemporaryFolder()
    let file = try MappedFile(path: folder.write("picture.png", reply.body))
    let image = try PNG.decodeImage(file)
    #expect(image.shape.count == 3 && image.shape[2] == 3)
    return (
      image.shape[0], image.shape[1], image.withBytes { bytes in bytes.withUnsafeBytes { Array($0) } }
    )
  }

  // MARK: What is drawn

  @Test func `Pictures have the colours of distances that scipy gives, and one is as it was`() throws {
    let text = try Python.run(
      "Tests/hausdorffdTests/Python/picture.py", ["\(ServerProcess.shared.port)"])
    #expect(text.hasPrefix("40 pictures, 0 differences"), "\(text)")
  }

  @Test func `A slice of a volume is drawn as the pair of its planes`() throws {
    let server = try ServerProcess.shared
    let sliced = try server.ask(
      Self.picture(
        Self.octets(Self.volume, "shape=1,3,9,20&layout=BDHW&slice=1&spacing=9,2,1&distance=manhattan")))
    let points = (Self.volume.0.points[180..<360], Self.volume.1.points[180..<360])
    let planes = (TestMask([9, 20], Array(points.0)), TestMask([9, 20], Array(points.1)))
    let plain = try server.ask(
      Self.picture(Self.octets(planes, "shape=9,20&spacing=2,1&distance=manhattan")))
    #expect(sliced.header("Loss") == plain.header("Loss"))
    let (first, second) = (try image(sliced), try image(plain))
    #expect(first.width == second.width)
    // The last line names the slice.
    let count = 3 * first.width * (min(first.height, second.height) - 80)
    #expect(first.samples.prefix(count) == second.samples.prefix(count))
  }

  @Test func `The first metric is in the header, as the answer in JSON has it`() throws {
    let server = try ServerProcess.shared
    let request = Self.octets(Self.volume, "shape=9,60&metrics=hausdorff_95,dice&reduction=none")
    let reply = try server.ask(Self.picture(request))
    let loss = try server.ask(request).json["items"][0]["hausdorff_95"].number
    #expect(loss != nil && Double(reply.header("Loss") ?? "") == loss)
  }

  @Test(
    arguments: [
      ([1, 0, 0, 0], [0, 0, 0, 0]), ([0, 0, 0, 0], [0, 1, 0, 1]), ([0, 0, 0, 0], [0, 0, 0, 0]),
      ([1, 0, 1, 0], [1, 0, 1, 0]),
    ] as [([UInt8], [UInt8])])
  func `Masks that are empty or equal are drawn too`(_ truth: [UInt8], _ prediction: [UInt8]) throws {
    for empty in ["zero", "infinity", "nan", "skip"] {
      let reply = try ServerProcess.shared.ask(
        Self.picture(.score(query: "shape=2,2&empty=\(empty)", octets: truth + prediction)))
      #expect(try image(reply).height > 500)
      let isSkipped = empty == "skip" && !(truth.contains(1) && prediction.contains(1))
      #expect((reply.header("Loss") == nil) == isSkipped)
    }
  }

  @Test func `One label is drawn over the whole of its plane`() throws {
    let server = try ServerProcess.shared
    let maps: ([UInt8], [UInt8]) = ([1, 2, 2, 0, 0, 2], [1, 2, 0, 3, 2, 2])
    let labels = try server.ask(
      Self.picture(.score(query: "shape=2,3&labels=2", octets: maps.0 + maps.1)))
    let masks = try server.ask(
      Self.picture(
        .score(query: "shape=2,3", octets: (maps.0 + maps.1).map { $0 == 2 ? 1 : 0 })))
    let (first, second) = (try image(labels), try image(masks))
    let count = 3 * first.width * 400
    #expect(first.width == second.width && first.samples.prefix(count) == second.samples.prefix(count))
    #expect(
      try image(
        server.ask(Self.picture(.score(query: "shape=2,3&labels=9&empty=zero", octets: maps.0 + maps.1)))
      ).height
        > 0)
  }

  // MARK: When

  @Test(
    arguments: [
      (nil, "application/json"), ("*/*", "application/json"), ("application/json", "application/json"),
      ("image/png;q=0.5, application/json", "application/json"), ("image/*", "image/png"),
      ("application/json;q=0.1, image/png", "image/png"), ("IMAGE/PNG", "image/png"),
      ("image/jpeg, image/png", "image/png"),
    ] as [(String?, String)])
  func `The Accept header decides`(_ accept: String?, _ type: String) throws {
    let plain = HTTPRequest.score(query: "shape=1,4", octets: [1, 0, 0, 0, 0, 0, 0, 1])
    let reply = try ServerProcess.shared.ask(accept.map { Self.picture(plain, accept: $0) } ?? plain)
    #expect(reply.status == 200 && reply.header("Content-Type") == type, "\(reply.status)")
  }

  private static let pair: [UInt8] = [1, 0, 0, 1, 0, 0, 1, 1]
  private static let volumeOctets: [UInt8] = [UInt8](repeating: 1, count: 16)

  private static let refusals: [Refusal] = [
    Refusal(
      "another image", picture(.score(query: "shape=2,2", octets: pair), accept: "image/jpeg"), 406, .none),
    Refusal(
      "a slice without a picture", .score(query: "shape=2,2,2&layout=DHW&slice=0", octets: volumeOctets), 422,
      .parameter("slice")),
    Refusal(
      "a slice without a picture, as JSON",
      .score(json: #"{"y_true":[[[1]]],"y_pred":[[[1]]],"layout":"DHW","slice":0}"#),
      422, .pointer("/slice")),
    Refusal(
      "a slice of a list without a picture",
      .score(form: [
        ("y_true", volume.0.npy()), ("y_true", volume.0.npy()), ("y_pred", volume.0.npy()),
        ("y_pred", volume.0.npy()), ("layout", Array("DHW".utf8)), ("slice", [0x30]),
      ]), 422, .parameter("slice")),
    Refusal(
      "a slice of a plane", picture(.score(query: "shape=2,2&slice=0", octets: pair)), 422,
      .parameter("slice")),
    Refusal(
      "a slice behind the last",
      picture(.score(query: "shape=2,2,2&layout=DHW&slice=2", octets: volumeOctets)),
      422, .parameter("slice")),
    Refusal(
      "a slice before the first",
      picture(.score(query: "shape=2,2,2&layout=DHW&slice=-1", octets: volumeOctets)), 422,
      .parameter("slice")),
    Refusal(
      "half a slice", picture(.score(query: "shape=2,2,2&layout=DHW&slice=0.5", octets: volumeOctets)), 422,
      .parameter("slice")),
    Refusal(
      "a volume without a slice", picture(.score(query: "shape=2,2,2&layout=DHW", octets: volumeOctets)), 422,
      .parameter("slice")),
    Refusal(
      "a volume without a slice, as JSON",
      picture(.score(json: #"{"y_true":[[[1]]],"y_pred":[[[1]]],"layout":"DHW"}"#)), 422, .pointer("/slice")),
    Refusal(
      "a batch", picture(.score(query: "shape=2,2,2", octets: volumeOctets)), 422, .parameter("y_pred")),
    Refusal(
      "a batch of volumes", picture(.score(query: "shape=2,2,2,1&layout=BDHW&slice=0", octets: volumeOctets)),
      422, .parameter("y_pred")),
    Refusal(
      "channels", picture(.score(query: "shape=2,2,2&layout=HWC", octets: volumeOctets)), 422,
      .parameter("y_pred")),
    Refusal(
      "all labels", picture(.score(query: "shape=2,2&labels=all", octets: pair)), 422, .parameter("labels")),
    Refusal(
      "two labels", picture(.score(query: "shape=2,2&labels=1,2", octets: pair)), 422, .parameter("labels")),
    Refusal(
      "all conventions", picture(.score(query: "shape=2,2&convention=all", octets: pair)), 422,
      .parameter("convention")),
    Refusal(
      "all conventions, as JSON",
      picture(.score(json: #"{"y_true":[[1]],"y_pred":[[1]],"convention":"all"}"#)), 422,
      .pointer("/convention")),
    Refusal(
      "a list of pairs",
      picture(
        .score(form: [
          ("y_true", volume.0.npy()), ("y_true", volume.0.npy()), ("y_pred", volume.0.npy()),
          ("y_pred", volume.0.npy()),
        ])), 422, .parameter("y_pred")),
    Refusal(
      "a list of pairs, as JSON", picture(.score(json: #"{"pairs":[{"y_true":[[1]],"y_pred":[[1]]}]}"#)), 422,
      .pointer("/pairs")),
    Refusal(
      "a mask that is too long",
      picture(.score(query: "shape=1,8193", octets: [UInt8](repeating: 1, count: 2 * 8193))), 422,
      .parameter("y_pred")),
    Refusal(
      "an empty mask that is not wanted",
      picture(.score(query: "shape=2,2&empty=error", octets: [1, 0, 0, 1, 0, 0, 0, 0])), 422,
      .parameter("y_pred")),
  ]

  @Test(arguments: refusals) func `What cannot be drawn is refused`(_ refusal: Refusal) throws {
    try refusal.check()
  }

  @Test func `Extents up to the limit are drawn, and a picture has room to be made`() throws {
    let octets = [UInt8](repeating: 1, count: 2 * 8192)
    let strip = Self.picture(.score(query: "shape=8192,1", octets: octets))
    #expect(try image(ServerProcess.shared.ask(strip)).height > 8192)
    let narrow = try ServerProcess(["--max-queued-bytes=1000000"])
    expectProblem(try narrow.ask(strip), 413, .none)
  }

  // MARK: Command

  @Test func `The command draws what the server does`() throws {
    let folder = try TemporaryFolder()
    let truth = try folder.write("truth.npy", Self.volume.0.npy())
    let prediction = try folder.write("prediction.npy", Self.volume.1.npy())
    let result = try Executable.run(
      "score", truth, prediction, "--layout=DHW", "--slice=2", "--metrics=dice,hausdorff",
      "--picture=\(folder.path("picture.png"))")
    #expect(result.status == 0 && result.output.contains("dice"), "\(result)")
    let reply = try ServerProcess.shared.ask(
      Self.picture(
        .score(
          files: Self.volume.0.npy(), Self.volume.1.npy(),
          [("layout", "DHW"), ("slice", "2"), ("metrics", "dice,hausdorff")])))
    #expect(reply.status == 200 && folder.read("picture.png") == reply.body)
  }

  @Test func `The command refuses what cannot be drawn, and prints nothing`() throws {
    let folder = try TemporaryFolder()
    let path = try folder.write("truth.npy", Self.volume.0.npy())
    let picture = "--picture=\(folder.path("picture.png"))"
    for (arguments, word) in [
      (["--slice=1"], "picture"), ([picture], "batch"), ([picture, "--layout=DHW"], "slice"),
      ([picture, "--layout=DHW", "--slice=3"], "slice"),
      (["--picture=\(folder.path("nowhere/picture.png"))", "--layout=DHW", "--slice=1"], "nowhere"),
    ] {
      let process = try ChildProcess(Executable.path, ["score", path, path] + arguments)
      #expect(try process.wait() == 1)
      #expect(process.errors.contains(word) && process.output.isEmpty, "\(process.errors)")
    }
    let folders = try Executable.run("score", folder.path, folder.path, picture)
    #expect(folders.status == 1 && folders.errors.contains("picture"), "\(folders)")
    #expect(folder.read("picture.png").isEmpty)
  }

  // MARK: Parts

  @Test(
    arguments: [
      (0, "0"), (1, "1"), (35.355339, "35.36"), (0.29727947, "0.2973"), (12345.6, "12350"), (2e30, "2e+30"),
      (1.23456e-9, "1.235e-09"), (.infinity, "infinity"), (.nan, "nan"), (.leastNonzeroMagnitude, "5e-324"),
      (999.96, "1000"),
      (nil, "-"),
    ] as [(Double?, String)])
  func `Numbers have four digits`(_ number: Double?, _ text: String) {
    #expect(PictureNumber.text(number) == text)
  }

  @Test(arguments: [(1, 1), (0.99, 0.5), (7, 5), (20, 20), (4999, 2000), (0.003, 0.002), (1e90, 1e90)])
  func `A scale bar has a round length`(_ limit: Double, _ length: Double) {
    #expect(isClose(PictureNumber.roundLength(within: limit), length))
  }

  @Test(
    arguments: [
      ([16, 16], [1, 1], 34, 34), ([256, 256], [1, 1], 6, 6), ([3000, 2500], [2, 2], 1, 1),
      ([8192, 8192], [5, 1], 1, 1), ([40, 100], [2.5, 1], 15, 6), ([100, 40], [1, 3], 6, 18),
      ([100, 100], [1e100, 1e-100], 20, 1), ([1, 8192], [1, 1], 1, 1),
    ] as [([Int], [Double], Int, Int)])
  func `Small masks are enlarged, and lengths are as long down as across`(
    _ shape: [Int], _ spacing: [Double], _ down: Int, _ across: Int
  ) {
    let scale = PictureScale(shape: shape, spacing: spacing)
    #expect(scale.down == down && scale.across == across)
    #expect(scale.isTrue == (spacing[0] < 5))
  }

  @Test func `Every letter that is written has a glyph`() {
    let words =
      "abcdefghijklmnopqrstuvwxyz 0123456789 _.,:-+()" + Convention.allCases.map(\.rawValue).joined()
    #expect(words.allSatisfy { Glyphs.rows(of: $0)?.count == Glyphs.height })
  }
}
