import Glibc

/// A PostgreSQL server of the tests' own, started when the first test needs it, stopped with the process.
public enum TestPostgres {
  /// Makes a database for a test, which goes with the server.
  ///
  /// - Returns: its `postgres://` URL.
  public static func database() -> String {
    _ = isStarted
    return run("database")
  }

  /// What starts, restarts and stops it.
  public static let script =
    "/" + #filePath.split(separator: "/").dropLast(2).joined(separator: "/") + "/postgres.sh"
  private static let folder = "/tmp/hausdorffd-postgres-\(getpid())"
  private static let isStarted: Bool = {
    _ = run("start")
    atexit { _ = TestPostgres.run("stop") }
    return true
  }()

  /// The first line that `postgres.sh` prints for an action.
  private static func run(_ action: String) -> String {
    // Foundation's Process would wait for the server, which inherits its descriptors.
    guard let pipe = popen("\(script) \(action) '\(folder)'", "r") else {
      fatalError("no shell: \(String(cString: strerror(errno)))")
    }
    var buffer = [CChar](repeating: 0, count: 4096)
    let hasLine = fgets(&buffer, Int32(buffer.count), pipe) != nil
    let line = buffer.withUnsafeBufferPointer { String(cString: $0.baseAddress!) }
    precondition(pclose(pipe) == 0, "postgres.sh \(action) failed")
    return hasLine ? String(line.prefix { !$0.isNewline }) : ""
  }
}
