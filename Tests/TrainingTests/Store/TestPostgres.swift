import Foundation
import Testing

@testable import Training

/// A PostgreSQL server of the tests' own, started when the first test needs it, stopped with the process.
enum TestPostgres {
  /// `postgres://` URL of its first database.
  static let address: String = {
    let address = try! script("start").trimmingCharacters(in: .whitespacesAndNewlines)
    atexit { _ = try? TestPostgres.script("stop") }
    return address
  }()

  private static let folder = NSTemporaryDirectory() + "postgres-\(getpid())"

  /// A database of its own for a test; it goes with the server.
  static func database() throws -> String {
    let name = "t\(UInt64.random(in: 0...UInt64.max))"
    _ = try PostgresConnection(address).run("CREATE DATABASE \(name)")
    return address.replacingOccurrences(of: "/postgres", with: "/\(name)", options: .backwards)
  }

  @discardableResult
  private static func script(_ action: String) throws -> String {
    let path = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .appending(components: "..", "..", "postgres.sh").standardized.path
    // Foundation's Process would wait for the server, which inherits its descriptors.
    let pipe = try #require(popen("\(path) \(action) '\(folder)'", "r"))
    var text = ""
    while let line = readLine(from: pipe) { text += line }
    try #require(pclose(pipe) == 0, "postgres.sh \(action)")
    return text
  }

  private static func readLine(from pipe: UnsafeMutablePointer<FILE>) -> String? {
    withUnsafeTemporaryAllocation(of: CChar.self, capacity: 4096) { buffer in
      fgets(buffer.baseAddress!, 4096, pipe) == nil ? nil : String(cString: buffer.baseAddress!)
    }
  }
}
