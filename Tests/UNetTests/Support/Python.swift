import Foundation
import Testing

/// The interpreter with what `Tests/requirements.txt` names.
enum Python {
  /// The package's root.
  static let root = #filePath.split(separator: "/").dropLast(4).reduce("") { "\($0)/\($1)" }

  /// Runs a script of the package to its end, which must be good; what it printed.
  static func run(
    _ script: String, _ arguments: [String], environment: [String: String] = [:]
  ) throws -> String {
    let variables = ProcessInfo.processInfo.environment
    let folder = try TemporaryFolder()
    let process = Process()
    process.executableURL = URL(
      filePath: variables["HAUSDORFFD_PYTHON"] ?? "\(root)/.venv/bin/python")
    process.arguments = ["\(root)/\(script)"] + arguments
    process.environment = variables.merging(environment) { $1 }
      .merging(["PYTHONDONTWRITEBYTECODE": "1", "OMP_NUM_THREADS": "2"]) { $1 }
    // Files, which take any amount while nobody reads.
    let output = FileHandle(forWritingAtPath: try folder.write("stdout", []))
    let errors = FileHandle(forWritingAtPath: try folder.write("stderr", []))
    (process.standardOutput, process.standardError) = (output, errors)
    try process.run()
    process.waitUntilExit()
    func text(_ name: String) -> String { String(decoding: folder.read(name), as: UTF8.self) }
    let (printed, complaints) = (text("stdout"), text("stderr"))
    #expect(process.terminationStatus == 0, "\(printed)\n\(complaints)")
    return printed
  }
}
