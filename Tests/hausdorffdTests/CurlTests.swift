import Hausdorff
import Testing

/// The program as the most common client sees it.
struct CurlTests {
  private let folder: TemporaryFolder
  private let truth = TestMask(random: [40, 50], seed: 6)
  private let prediction = TestMask(random: [40, 50], seed: 7)

  init() throws {
    folder = try TemporaryFolder()
    try folder.write("truth.png", truth.png)
    try folder.write("prediction.npy", prediction.npy(.float32))
    try folder.write("pair.raw", truth.octets + prediction.octets)
    try folder.write("pair.json", Array(#"{"y_true":\#(truth.json),"y_pred":\#(prediction.json)}"#.utf8))
  }

  private func curl(_ arguments: [String]) throws -> String {
    let process = try ChildProcess(
      "/usr/bin/curl", ["-s", "--max-time", "60", "--noproxy", "*", "-w", "\n%{http_code}"] + arguments)
    #expect(try process.wait() == 0, "\(process.errors)")
    return process.outputText
  }

  @Test(arguments: [
    ["/v1/score", "-F", "y_true=@FOLDER/truth.png", "-F", "y_pred=@FOLDER/prediction.npy;type=image/png"],
    [
      "/v1/score", "-F", "y_pred=@FOLDER/prediction.npy", "-F", "y_true=@FOLDER/truth.png", "-F",
      "empty=zero",
    ],
    ["/v1/score", "--json", "@FOLDER/pair.json"],
    ["/v1/score", "-H", "Content-Type: application/json; charset=utf-8", "-d", "@FOLDER/pair.json"],
    ["/v1/score", "-H", "Expect: 100-continue", "--json", "@FOLDER/pair.json"],
    ["/v1/score", "-H", "Transfer-Encoding: chunked", "--json", "@FOLDER/pair.json"],
    [
      "/v1/score?shape=40,50", "-H", "Content-Type: application/octet-stream", "--data-binary",
      "@FOLDER/pair.raw",
    ],
    [
      "/v1/score?shape=40%2C50&layout=HW", "-H", "Content-Type: application/octet-stream", "-T",
      "FOLDER/pair.raw", "-X", "POST",
    ],
  ])
  func `curl gets the score`(_ arguments: [String]) throws {
    let base = "http://127.0.0.1:\(try ServerProcess.shared.port)"
    let words = arguments.map {
      ($0.hasPrefix("/v1") ? base + $0 : $0).replacing("FOLDER", with: folder.path)
    }
    let lines = try curl(words).split(separator: "\n")
    #expect(lines.last == "200", "\(lines)")
    let loss = JSON(String(lines[0]))["loss"].number
    #expect(isClose(loss, Oracle(truth, prediction).averageHausdorff), "\(lines)")
  }

  @Test func `curl reads the refusal of a body that it has not sent`() throws {
    let server = try ServerProcess(["--max-body=1000"])
    try folder.write("large", [UInt8](repeating: 1, count: 5_000_000))
    for expect in ["Expect: 100-continue", "Expect:"] {
      let text = try curl([
        "http://127.0.0.1:\(server.port)/v1/score?shape=1,1", "-H", "Content-Type: application/octet-stream",
        "-H",
        expect, "--data-binary", "@\(folder.path)/large",
      ])
      #expect(text.hasSuffix("413"), "\(text)")
    }
    try server.expectService()
  }
}
