import TestSupport
import Testing

/// Training jobs over HTTP, with servers and workers as processes.
struct TrainingJobTests {
  enum Store: CaseIterable {
    case sqlite, postgresql

    /// What the scripts get to find it.
    var arguments: [String] {
      switch self {
      case .sqlite: []
      case .postgresql: [TestPostgres.database()]
      }
    }
  }

  private func run(_ script: String, _ arguments: [String], _ store: Store) throws {
    let text = try Python.run(
      "Tests/hausdorffdTests/Python/\(script)", [Executable.path] + arguments + store.arguments)
    #expect(text.contains("\n0 differences"), "\(text)")
  }

  @Test(arguments: Store.allCases)
  func `From an upload to predictions, by way of events and downloads`(store: Store) throws {
    try run("jobs.py", ["whole_path"], store)
  }

  @Test(arguments: Store.allCases)
  func `Bad specifications, archives and requests are told what is wrong`(store: Store) throws {
    try run("jobs.py", ["bad_input"], store)
  }

  @Test(.disabled(if: Executable.isSanitized))
  func `A large upload takes little memory`() throws { try run("jobs.py", ["large_upload"], .sqlite) }

  @Test(arguments: Store.allCases)
  func `Whatever is killed, jobs end once, in the weights of an undisturbed run`(store: Store) throws {
    try run("kills.py", ["10"], store)
  }

  @Test(arguments: Store.allCases)
  func `A worker that hung and wakes up again writes nothing more`(store: Store) throws {
    try run("faults.py", ["stopped_worker"], store)
  }

  @Test(arguments: Store.allCases)
  func `A job that cannot succeed says why`(store: Store) throws {
    try run("faults.py", ["causes"], store)
  }

  @Test(.enabled(if: TrainCommandTests.mayMount))
  func `A full disk fails a job with the reason, and nothing else`() throws {
    try run("faults.py", ["full_disk"], .sqlite)
  }

  // A sanitizer has to be the first library, and so has what lies about the time.
  @Test(.disabled(if: Executable.isSanitized))
  func `Workers may have any clock`() throws { try run("faults.py", ["wrong_clocks"], .postgresql) }

  @Test func `Two servers and two workers share a store, whatever dies`() throws {
    let text = try Python.run(
      "Tests/hausdorffdTests/Python/cluster.py", [Executable.path, TestPostgres.script])
    #expect(text.contains("\n0 differences"), "\(text)")
  }
}
