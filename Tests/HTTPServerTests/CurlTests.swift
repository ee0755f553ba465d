import Foundation
import Testing

@testable import HTTPServer

/// The same server as a common client sees it.
struct CurlTests {
  private func curl(_ arguments: [String], input: Data = Data()) throws -> String {
    let process = Process()
    process.executableURL = URL(filePath: "/usr/bin/curl")
    process.arguments = ["-s", "--max-time", "20", "-w", "|%{http_code}"] + arguments
    let (standardInput, output) = (Pipe(), Pipe())
    process.standardInput = standardInput
    process.standardOutput = output
    try process.run()
    standardInput.fileHandleForWriting.write(input)
    try standardInput.fileHandleForWriting.close()
    let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    process.waitUntilExit()
    return text
  }

  static let octets = ["-H", "Content-Type: application/octet-stream", "--data-binary", "@-"]

  @Test(
    arguments: [
      (["/hello"], 0, "hello|200"), (["/nowhere", "-o", "/dev/null"], 0, "|404"),
      (["-I", "/hello", "-o", "/dev/null"], 0, "|200"),
      (["/echo"] + octets, 5, "xxxxx|200"),
      (["/echo", "-H", "Expect: 100-continue"] + octets, 5, "xxxxx|200"),
      (["/echo/later", "-H", "Transfer-Encoding: chunked"] + octets, 5, "xxxxx|200"),
      (["/small", "-o", "/dev/null"] + octets, 2000, "|413"),
      (["/small", "-o", "/dev/null"] + octets, 5_000_000, "|413"),
      (["/json", "-F", "a=b"], 0, "multipart/form-data|200"), (["/jobs/1", "-X", "DELETE"], 0, "|204"),
      (["/hello", "/later"], 0, "hello|200later|200"),
    ] as [([String], Int, String)])
  func `curl gets its answer`(_ arguments: [String], _ count: Int, _ expected: String) throws {
    let server = try TestServer()
    let located = arguments.map { argument in
      argument.hasPrefix("/") && !argument.hasPrefix("/dev")
        ? "http://127.0.0.1:\(server.port)\(argument)" : argument
    }
    #expect(try curl(located, input: Data(repeating: UInt8(ascii: "x"), count: count)) == expected)
  }
}
