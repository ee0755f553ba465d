import Testing

/// What operators ask for, driven from Python: `production.py`.
struct ProductionTests {
  @Test(arguments: ["access", "ownership", "limits", "tls", "cors", "metrics", "logs", "readiness"])
  func `Operators get what they ask for`(_ part: String) throws {
    let text = try Python.run("Tests/hausdorffdTests/Python/production.py", [Executable.path, part])
    #expect(text.hasSuffix("0 differences\n"), "\(text)")
  }
}
