import Glibc
import Testing

/// The interpreter with what `Tests/requirements.txt` names.
enum Python {
  private static func interpreter() throws -> String {
    if let path = getenv("HAUSDORFFD_PYTHON") { return String(cString: path) }
    let path = "\(Executable.root)/.venv/bin/python"
    guard access(path, X_OK) == 0 else {
      throw ChildProcess.Failure(
        description: "there is no \(path): 'make test' makes it; or name another in HAUSDORFFD_PYTHON")
    }
    return path
  }

  /// Starts a script of the package.
  static func process(
    _ script: String, _ arguments: [String], environment: [String: String] = [:]
  ) throws -> ChildProcess {
    try ChildProcess(
      interpreter(), ["\(Executable.root)/\(script)"] + arguments,
      environment: environment.merging(["PYTHONDONTWRITEBYTECODE": "1"]) { $1 })
  }

  /// Runs a script to its end, which must be good; what it printed.
  static func run(
    _ script: String, _ arguments: [String], environment: [String: String] = [:]
  ) throws -> String {
    let process = try process(script, arguments, environment: environment)
    let status = try process.wait(within: 300)
    #expect(status == 0, "\(process.outputText)\n\(process.errors)")
    return process.outputText
  }
}
