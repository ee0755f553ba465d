import ArgumentParser
import Testing

@testable import hausdorffd

/// Options from the environment.
struct ArgumentsTests {
  private func arguments(_ arguments: [String], _ environment: [String: String]) -> [String] {
    Program.arguments(arguments, environment: { environment[$0] })
  }

  @Test func `A variable becomes an option before the arguments`() {
    #expect(arguments(["serve"], ["HAUSDORFFD_PORT": "9"]) == ["serve", "--port=9"])
    #expect(
      arguments(["serve", "--host=::"], ["HAUSDORFFD_MAX_QUEUED_BYTES": "5", "HAUSDORFFD_DRAIN_DELAY": "1"])
        == ["serve", "--max-queued-bytes=5", "--drain-delay=1", "--host=::"])
  }

  @Test(arguments: [["serve", "--port", "1"], ["serve", "--port=1"]])
  func `A flag wins`(_ given: [String]) {
    #expect(arguments(given, ["HAUSDORFFD_PORT": "9"]) == given)
  }

  @Test func `A command takes its own variables only`() {
    let environment = ["HAUSDORFFD_PORT": "9", "HAUSDORFFD_MAX_BODY": "5", "HAUSDORFFD_PATH": "/x"]
    #expect(arguments(["healthcheck"], environment) == ["healthcheck", "--port=9"])
    #expect(arguments(["score", "a", "b"], environment) == ["score", "a", "b"])
    #expect(arguments([], environment) == [])
    #expect(arguments(["--version"], environment) == ["--version"])
  }

  @Test(arguments: ServeCommand.environmentOptions) func `Every option of serve has a variable`(
    _ option: String
  ) throws {
    let good =
      [
        "host": "::1", "data": "folder", "log-level": "debug", "log-format": "text", "access-log": "all",
        "heartbeat-seconds": "2", "cors-origins": "https://a.example", "trusted-proxies": "10.0.0.0/8",
      ][option] ?? "16"
    let variable = "HAUSDORFFD_" + option.uppercased().replacing("-", with: "_")
    let given = arguments(["serve"], [variable: good])
    #expect(given == ["serve", "--\(option)=\(good)"])
    // These two go together.
    let other = ["tls-key": ["--tls-certificate=a"], "tls-certificate": ["--tls-key=a"]][option] ?? []
    #expect(throws: Never.self) { try ServeCommand.parse(Array(given.dropFirst()) + other) }
  }

  @Test func `Every option of serve is also read from the environment`() {
    let help = ServeCommand.helpMessage()
    let words = help.split { !"-abcdefghijklmnopqrstuvwxyz".contains($0) }
    let flags = Set(words.filter { $0.hasPrefix("--") }.map { String($0.dropFirst(2)) })
    #expect(
      flags.subtracting(["help", "version", "port"])
        == Set(ServeCommand.environmentOptions + AccessFlags.environmentFlags).subtracting(["port"]))
  }

  @Test func `A flag's variable says yes or no, and anything else is refused`() throws {
    func given(_ value: String) -> [String] { arguments(["serve"], ["HAUSDORFFD_REQUIRE_TOKENS": value]) }
    for yes in ["true", "TRUE", "1", "yes", "On"] { #expect(given(yes) == ["serve", "--require-tokens"]) }
    for no in ["", "false", "0", "No", "off"] { #expect(given(no) == ["serve"]) }
    let refused = given("treu")
    let error = #expect(throws: (any Error).self) { try ServeCommand.parse(Array(refused.dropFirst())) }
    #expect(error.map { ServeCommand.fullMessage(for: $0).contains("--require-tokens") } == true)
  }

  @Test(arguments: ["postgresql+psycopg://a:secret@b/c", "mysql://a:secret@b/c", "file://secret"])
  func `What is no address of a store is refused, and not shown`(_ store: String) {
    let error = #expect(throws: (any Error).self) { try ServeCommand.parse(["--store=\(store)"]) }
    #expect(error.map { ServeCommand.fullMessage(for: $0) }?.contains("--store") == true)
    #expect(error.map { ServeCommand.fullMessage(for: $0).contains("secret") } == false)
  }
}
