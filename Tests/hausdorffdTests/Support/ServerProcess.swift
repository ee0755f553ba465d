import Glibc
import Testing

@testable import HTTPServer

/// The built program, serving on a free port of 127.0.0.1.
final class ServerProcess: Sendable {
  let process: ChildProcess
  let port: Int
  private let data: TemporaryFolder

  /// Starts `hausdorffd serve` and waits until it listens.
  init(_ options: [String] = [], environment: [String: String] = [:]) throws {
    let data = try TemporaryFolder()
    let process = try ChildProcess(
      Executable.path, ["serve", "--port=0", "--data=\(data.path)"] + options, environment: environment)
    var port: Int?
    _ = eventually {
      port = ServerProcess.port(in: process.errors)
      return port != nil || process.exitStatus != nil
    }
    guard let port else { throw ChildProcess.Failure(description: "no server: \(process.errors)") }
    (self.process, self.port, self.data) = (process, port, data)
  }

  /// One server for all tests that leave it as they found it.
  static var shared: ServerProcess { get throws { try sharedResult.get() } }

  private static let sharedResult = Result {
    let server = try ServerProcess()
    // It outlives every test, so nothing else ends it.
    toEnd.withLock { $0 = server }
    atexit {
      guard let server = ServerProcess.toEnd.withLock({ $0 }) else { return }
      kill(server.process.id, SIGKILL)
      for folder in [server.data, server.process.folder] { folder.remove() }
    }
    return server
  }
  private static let toEnd = Locked<ServerProcess?>(nil)

  private static func port(in log: String) -> Int? {
    guard let listening = log.firstRange(of: "listening on "),
      let port = log[listening.upperBound...].firstRange(of: " port "), log[port.upperBound...].contains("\n")
    else { return nil }
    return Int(log[port.upperBound...].prefix { $0.isNumber })
  }

  var isRunning: Bool { process.exitStatus == nil }

  /// One request on a connection of its own.
  func ask(_ request: HTTPRequest) throws -> HTTPReply {
    let client = try RawClient(port: port)
    client.send(request.bytes)
    return try client.reply(toHead: request.method == "HEAD")
  }

  /// How many requests have a place now, by `/readyz?verbose`; nil where it is not ready.
  func requestCount() throws -> Int? {
    let text = try ask(HTTPRequest("GET", "/readyz?verbose")).text
    guard let range = text.firstRange(of: "worked on: ") else { return nil }
    return Int(text[range.upperBound...].prefix { $0.isNumber })
  }

  /// Resident memory in bytes.
  func residentMemory() throws -> Int { try memory("VmRSS:") }

  /// Resident memory that is no part of a file, in bytes.
  func ownMemory() throws -> Int { try memory("RssAnon:") }

  /// The most that resident memory has been, in bytes.
  func peakMemory() throws -> Int { try memory("VmHWM:") }

  private func memory(_ name: String) throws -> Int {
    let status = String(decoding: try readFile("/proc/\(process.id)/status"), as: UTF8.self)
    let line = try #require(status.split(separator: "\n").first { $0.hasPrefix(name) })
    return try #require(Int(line.split(separator: " ")[1])) * 1024
  }

  /// That a good pair still gets its score.
  func expectService(sourceLocation: SourceLocation = #_sourceLocation) throws {
    #expect(isRunning, "the server has ended: \(process.errors)", sourceLocation: sourceLocation)
    let reply = try ask(.score(query: "shape=1,4&metrics=hausdorff", octets: [1, 0, 0, 0, 0, 0, 0, 1]))
    #expect(reply.json["loss"] == 3, "\(reply)", sourceLocation: sourceLocation)
  }
}

/// The program under test.
enum Executable {
  /// Beside the test bundle, where the package manager builds both.
  static let path: String = {
    var buffer = [CChar](repeating: 0, count: 4096)
    let count = readlink("/proc/self/exe", &buffer, buffer.count)
    let tests = String(decoding: buffer[..<max(0, count)].map { UInt8(bitPattern: $0) }, as: UTF8.self)
    let beside = tests.split(separator: "/").dropLast().joined(separator: "/")
    return "/\(beside)/hausdorffd"
  }()

  /// Whether it was built with the address or thread sanitizer, as the tests themselves then are.
  static let isSanitized = dlsym(nil, "__asan_init") != nil || dlsym(nil, "__tsan_init") != nil

  /// Runs the program to its end.
  static func run(_ arguments: String..., environment: [String: String] = [:]) throws -> (
    status: Int32, output: String, errors: String
  ) {
    let process = try ChildProcess(path, arguments, environment: environment)
    let status = try process.wait()
    return (status, process.outputText, process.errors)
  }

  /// The package's root.
  static let root = #filePath.split(separator: "/").dropLast(4).reduce("") { "\($0)/\($1)" }
}
