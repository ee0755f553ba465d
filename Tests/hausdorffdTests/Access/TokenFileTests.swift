import Testing

@testable import hausdorffd

struct TokenFileTests {
  private let hash = TokenFile.hash(of: "secret")

  @Test func `A token is known by its hash`() throws {
    let file = try TokenFile(
      text:
        "# who\n\nteam-a score,train sha256:\(hash)\r\nops admin sha256:\(TokenFile.hash(of: "other").uppercased())\n",
      path: "tokens")
    let entry = try #require(file.entry(of: "secret"))
    #expect(entry.account == "team-a" && entry.roles == [.score, .train])
    #expect(file.entry(of: "other")?.roles == [.admin])
    for wrong in ["", "secre", "secret ", hash, "Secret"] { #expect(file.entry(of: wrong) == nil) }
  }

  @Test func `A byte order mark is passed over`() throws {
    let file = try TokenFile(text: "\u{FEFF}team-a score sha256:\(hash)\r\n", path: "tokens")
    #expect(file.entry(of: "secret")?.account == "team-a")
  }

  /// By the standard's example (FIPS 180-4).
  @Test func `The hash is SHA-256`() {
    #expect(
      TokenFile.hash(of: "abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
  }

  @Test(arguments: [
    "team-a score", "team-a score secret", "team a score sha256:HASH", "team-a scores sha256:HASH",
    "team-a score, sha256:HASH", "team-a score sha256:HASH0", "team/a score sha256:HASH",
    "team-a score sha1:HASH", "team-a score sha256:HASH more",
  ]) func `A line that is none is told by its number, without what it says`(_ line: String) {
    let line = line.replacing("HASH", with: hash)
    let error = #expect(throws: TokenFile.Malformed.self) {
      try TokenFile(text: "#\n\(line)", path: "tokens")
    }
    #expect(error?.description.hasPrefix("line 2 of the token file 'tokens' is not") == true)
    #expect(error?.description.contains("secret") == false)
  }

  @Test(arguments: ["", "# none\n"]) func `A file without tokens is refused`(_ text: String) {
    #expect(throws: TokenFile.Malformed.self) { try TokenFile(text: text, path: "tokens") }
  }

  @Test func `A made token opens what its line says`() throws {
    let made = try Executable.run("token", "team-a", "score,read")
    #expect(made.status == 0)
    let lines = made.output.split(separator: "\n").map { String($0) }
    let token = try #require(lines.first { $0.hasPrefix("token: ") }).dropFirst(7)
    let line = try #require(lines.first { $0.hasPrefix("line:  ") }).dropFirst(7)
    #expect(token.utf8.count == 54 && !line.contains(token))
    let entry = try #require(try TokenFile(text: String(line), path: "tokens").entry(of: String(token)))
    #expect(entry.account == "team-a" && entry.roles == [.score, .read])
    #expect(try Executable.run("token", "team-a", "score").output != made.output)
    for arguments in [("team a", "score"), ("a", "scores"), ("a", "")] {
      #expect(try Executable.run("token", arguments.0, arguments.1).status != 0)
    }
  }
}
