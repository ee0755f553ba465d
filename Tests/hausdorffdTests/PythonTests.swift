import Glibc
import Testing

/// The server against scipy, on a real picture, and against its own description; driven from Python.
struct PythonTests {
  /// An interpreter with numpy, scipy, scikit-image and openapi-spec-validator.
  private func python() throws -> String {
    if let path = getenv("HAUSDORFFD_PYTHON") { return String(cString: path) }
    let path = "\(Executable.root)/.venv/bin/python"
    guard access(path, X_OK) == 0 else {
      throw ChildProcess.Failure(
        description: "there is no \(path): 'make test' makes it; or name another in HAUSDORFFD_PYTHON")
    }
    return path
  }

  /// Runs a script beside this file; what it printed.
  private func run(_ script: String, _ arguments: [Int]) throws -> String {
    let process = try ChildProcess(
      python(), ["\(Executable.root)/Tests/hausdorffdTests/Python/\(script)"] + arguments.map(String.init),
      environment: ["PYTHONDONTWRITEBYTECODE": "1"])
    let status = try process.wait(within: 300)
    #expect(status == 0, "\(process.outputText)\n\(process.errors)")
    return process.outputText
  }

  @Test func `Random pairs have the scores that scipy gives`() throws {
    let text = try run("random_pairs.py", [ServerProcess.shared.port, 600])
    #expect(text.hasPrefix("600 pairs, 0 differences"))
  }

  @Test func `A picture has one score, in whatever form it comes`() throws {
    let text = try run("coins.py", [ServerProcess.shared.port])
    #expect(text.contains("\n0 differences"))
  }

  @Test func `The description of the API is valid and true`() throws {
    let draining = try ServerProcess(["--drain-delay=3600"])
    draining.process.send(SIGTERM)
    #expect(try eventually { try draining.ask(HTTPRequest("GET", "/readyz")).status == 503 })
    let text = try run("openapi.py", [ServerProcess.shared.port, draining.port])
    #expect(text.contains("16 examples, 3 commands, 0 differences"))
  }
}
