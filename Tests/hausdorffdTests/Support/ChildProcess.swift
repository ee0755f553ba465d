import Glibc
import Testing

@testable import HTTPServer

/// A program that was started, with its output in files; killed, if it still runs, with the last reference.
final class ChildProcess: Sendable {
  struct Failure: Error, CustomStringConvertible {
    let description: String
  }

  let id: pid_t
  let folder: TemporaryFolder
  private let status = Locked<Int32?>(nil)
  private let usage = Locked(rusage())

  /// Starts `executable` with `environment` besides what this process has.
  init(
    _ executable: String, _ arguments: [String], environment: [String: String] = [:], input: [UInt8] = []
  ) throws {
    folder = try TemporaryFolder()
    let inputPath = try folder.write("stdin", input)
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, inputPath, O_RDONLY, 0)
    for (descriptor, name) in [(STDOUT_FILENO, "stdout"), (STDERR_FILENO, "stderr")] {
      let flags = O_WRONLY | O_CREAT | O_APPEND
      posix_spawn_file_actions_addopen(&actions, descriptor, folder.path(name), flags, 0o600)
    }
    let words = ([executable] + arguments).map { strdup($0) } + [nil]
    let variables = ChildProcess.variables(adding: environment).map { strdup($0) } + [nil]
    defer { for word in words + variables { free(word) } }
    var id = pid_t()
    let status = posix_spawn(&id, executable, &actions, nil, words, variables)
    guard status == 0 else {
      throw Failure(description: "\(executable): \(String(cString: strerror(status)))")
    }
    self.id = id
  }

  deinit {
    guard status.withLock({ $0 }) == nil else { return }
    kill(id, SIGKILL)
    waitpid(id, nil, 0)
  }

  /// What the program wrote to standard output so far.
  var output: [UInt8] { folder.read("stdout") }
  var outputText: String { String(decoding: output, as: UTF8.self) }
  /// What the program wrote to standard error so far.
  var errors: String { String(decoding: folder.read("stderr"), as: UTF8.self) }

  func send(_ signal: Int32) { kill(id, signal) }

  /// The exit status, or 128 and the signal that ended it; nil while it runs.
  var exitStatus: Int32? {
    status.withLock { status in
      var ended: Int32 = 0
      guard status == nil, usage.withLock({ wait4(id, &ended, WNOHANG, &$0) }) == id else { return status }
      status = ended & 0x7F == 0 ? ended >> 8 & 0xFF : 128 + ended & 0x7F
      return status
    }
  }

  /// How often an ended program touched a page of memory that it did not have yet.
  var pageFaults: Int { usage.withLock { $0.ru_minflt } }

  /// Waits for the end, so many seconds at most.
  func wait(within seconds: Int = 300) throws -> Int32 {
    guard eventually(within: seconds, { exitStatus != nil }), let status = exitStatus else {
      throw Failure(description: "process \(id) does not end; it wrote: \(errors)")
    }
    return status
  }

  private static func variables(adding added: [String: String]) -> [String] {
    var variables = added.map { "\($0)=\($1)" }
    var entry = environ
    while let variable = entry.pointee {
      let text = String(cString: variable)
      let name = text.prefix { $0 != "=" }
      // What this machine sets for servers must not decide tests.
      if added[String(name)] == nil, !name.hasPrefix("HAUSDORFFD_") { variables.append(text) }
      entry += 1
    }
    return variables
  }
}

/// Polls until something becomes true; gives up after so many seconds.
func eventually(within seconds: Int = 300, _ condition: () throws -> Bool) rethrows -> Bool {
  let deadline = ContinuousClock.now + .seconds(seconds)
  while ContinuousClock.now < deadline {
    if try condition() { return true }
    usleep(5000)
  }
  return try condition()
}
