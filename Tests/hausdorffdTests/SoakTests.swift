import Testing

/// What a server meets in production, in short; `make soak` runs it in full.
@Suite(.serialized) struct SoakTests {
  @Test(arguments: [
    "overload", "starvation", "slow_clients", "restart", "description", "routes", "grammar", "mixed_load",
  ])
  func `The server bears`(scenario: String) throws {
    let text = try Python.run("Tests/Soak/soak.py", ["--binary", Executable.path, "--short", scenario])
    #expect(text.contains(" 0 promises broken"), "\(text)")
  }
}
