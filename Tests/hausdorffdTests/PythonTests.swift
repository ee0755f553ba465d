import Glibc
import Testing

/// The server against scipy, on a real picture, and against its own description; driven from Python.
struct PythonTests {
  private func run(_ script: String, _ arguments: [Int]) throws -> String {
    try Python.run("Tests/hausdorffdTests/Python/\(script)", arguments.map(String.init))
  }

  @Test func `Random pairs have the scores that scipy gives`() throws {
    let text = try run("random_pairs.py", [ServerProcess.shared.port, 600])
    #expect(text.hasPrefix("600 pairs, 0 differences"))
  }

  @Test func `Conventions have the values of their libraries`() throws {
    let text = try run("conventions.py", [ServerProcess.shared.port, 300])
    #expect(text.contains(" values, 0 differences"), "\(text)")
  }

  @Test func `Labels, channels and lists have the scores of their masks`() throws {
    let text = try run("labels.py", [ServerProcess.shared.port, 30])
    #expect(text.hasPrefix("30 rounds, 0 differences"), "\(text)")
  }

  @Test func `A picture has one score, in whatever form it comes`() throws {
    let text = try run("coins.py", [ServerProcess.shared.port])
    #expect(text.contains("\n0 differences"))
  }

  @Test func `Clients of Triton and KServe get what other requests get`() throws {
    let text = try Python.run("Tests/hausdorffdTests/Python/inference.py", [Executable.path])
    #expect(text.hasSuffix("\n0 differences\n"), "\(text)")
  }

  @Test func `The description of the API is valid and true`() throws {
    let draining = try ServerProcess(["--drain-delay=3600"])
    draining.process.send(SIGTERM)
    #expect(try eventually { try draining.ask(HTTPRequest("GET", "/readyz")).status == 503 })
    let text = try run("openapi.py", [ServerProcess.shared.port, draining.port])
    #expect(text.contains("21 examples, 3 commands, 0 differences"))
  }
}
