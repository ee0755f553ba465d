import Glibc
import Training

/// A process that runs one job: `hausdorffd work --once`.
///
/// Its standard input is a pipe that closes with this process, which tells it to end in good order. What it writes to standard
/// error is kept in a file without a name, for its last words.
final class Worker: Sendable {
  static let lostClaim = "the worker had lost its claim"

  let id: pid_t
  /// The name under which it claims its job.
  let owner: String
  private let input: Int32
  private let errors: Int32

  private init(id: pid_t, owner: String, input: Int32, errors: Int32) {
    (self.id, self.owner, self.input, self.errors) = (id, owner, input, errors)
  }

  deinit {
    close(input)
    close(errors)
  }

  /// Starts one; nil, with `errno`, where the system cannot.
  static func start(folder: DataFolder, flags: JobFlags, isIdle: Bool) -> Worker? {
    let owner = UUIDv7.next()
    var pipes: [Int32] = [0, 0]
    guard pipe(&pipes) == 0 else { return nil }
    // One thread starts all workers, so none inherits another's pipe before this.
    for descriptor in pipes { _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC) }
    defer { close(pipes[0]) }
    let errors = unnamedFile(in: folder.path)
    guard errors >= 0 else {
      close(pipes[1])
      return nil
    }
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    posix_spawn_file_actions_adddup2(&actions, pipes[0], STDIN_FILENO)
    posix_spawn_file_actions_adddup2(&actions, errors, STDOUT_FILENO)
    posix_spawn_file_actions_adddup2(&actions, errors, STDERR_FILENO)
    var arguments = ["hausdorffd", "work", "--once", "--data=\(folder.path)", "--owner=\(owner)"]
    if isIdle { arguments.append("--idle") }
    arguments += [
      "--lease-seconds=\(flags.leaseSeconds)", "--heartbeat-seconds=\(flags.heartbeatSeconds)",
      "--training-threads=\(flags.trainingThreads ?? Cores.available)",
    ]
    // Not as an argument, which every user of the machine could read: it may hold a password.
    var environment = flags.store.map { ["HAUSDORFFD_STORE=\($0)"] } ?? []
    // Threads that sleep where they wait for one another give the processor back at once; those that spin keep it until the
    // next tick, for which a request would have to wait.
    if isIdle, getenv("GOMP_SPINCOUNT") == nil { environment.append("GOMP_SPINCOUNT=0") }
    let id = spawn("/proc/self/exe", arguments, environment, &actions)
    guard let id else {
      close(pipes[1])
      close(errors)
      return nil
    }
    return Worker(id: id, owner: owner, input: pipes[1], errors: errors)
  }

  /// A file without a name, or one that has just lost it where the file system knows no others.
  private static func unnamedFile(in folder: String) -> Int32 {
    let descriptor = open(folder, temporaryFile | O_RDWR | O_CLOEXEC, 0o600)
    guard descriptor < 0, [EOPNOTSUPP, EISDIR, ENOENT].contains(errno) else { return descriptor }
    var template = Array("\(folder)/.worker-XXXXXX".utf8CString)
    let made = mkstemp(&template)
    if made >= 0 {
      unlink(template)
      _ = fcntl(made, F_SETFD, FD_CLOEXEC)
    }
    return made
  }

  private static func spawn(
    _ path: String, _ arguments: [String], _ added: [String], _ actions: inout posix_spawn_file_actions_t
  ) -> pid_t? {
    var variables = added
    var entry = environ
    while let variable = entry.pointee {
      let text = String(cString: variable)
      // The options are given; others of the server are not the worker's.
      if !text.hasPrefix("HAUSDORFFD_") { variables.append(text) }
      entry += 1
    }
    let words = arguments.map { strdup($0) } + [nil]
    let environment = variables.map { strdup($0) } + [nil]
    defer { for word in words + environment { free(word) } }
    var attributes = posix_spawnattr_t()
    posix_spawnattr_init(&attributes)
    defer { posix_spawnattr_destroy(&attributes) }
    // The server ignores SIGPIPE and its threads block signals; neither is the worker's.
    var none = sigset_t()
    sigemptyset(&none)
    posix_spawnattr_setsigmask(&attributes, &none)
    var defaults = sigset_t()
    sigemptyset(&defaults)
    for signal in [SIGPIPE, SIGTERM, SIGINT, SIGHUP] { sigaddset(&defaults, signal) }
    posix_spawnattr_setsigdefault(&attributes, &defaults)
    posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF))
    var id = pid_t()
    errno = posix_spawn(&id, path, &actions, &attributes, words, environment)
    return errno == 0 ? id : nil
  }

  /// Waits until the process has ended; tells how, nil where all was well.
  func waitForEnd() -> String? {
    var status: Int32 = 0
    while waitpid(id, &status, 0) < 0, errno == EINTR {}
    let signal = status & 0x7F
    if signal != 0 {
      return "the worker was ended by signal \(signal) (\(String(cString: strsignal(signal))))" + lastWords
    }
    switch status >> 8 & 0xFF {
    case 0: return nil
    case LeaseKeeper.lostStatus: return Self.lostClaim
    case let code: return "the worker ended with status \(code)" + lastWords
    }
  }

  /// The last line that it wrote.
  private var lastWords: String {
    var buffer = [UInt8](repeating: 0, count: 4096)
    let size = lseek(errors, 0, SEEK_END)
    let count = pread(errors, &buffer, buffer.count, max(0, size - buffer.count))
    guard count > 0 else { return "" }
    let lines = String(decoding: buffer[..<count], as: UTF8.self).split(whereSeparator: \.isNewline)
    // It may be of anything that the process has linked.
    let clean = (lines.last ?? "").unicodeScalars.prefix(500).map { scalar in
      scalar.properties.generalCategory == .control ? "\u{FFFD}" : String(scalar)
    }
    return clean.isEmpty ? "" : ": \(clean.joined())"
  }
}

// Of <fcntl.h>, where it hides behind _GNU_SOURCE.
private let temporaryFile: Int32 = 0o20_200_000
