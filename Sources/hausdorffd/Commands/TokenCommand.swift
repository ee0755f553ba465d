import ArgumentParser

/// `hausdorffd token`
struct TokenCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "token", abstract: "Make a bearer token, and the line of --tokens that it is known by.",
    discussion: """
      The token is printed to be handed to whoever is to use it; the line goes into the file of tokens, which keeps no more than \
      its hash. Roles: score (scores and losses), train (data sets and jobs of the account), read (a look at them and at the \
      server's figures), admin (everything).
      """)

  @Argument(help: "The account that the token acts for; letters, digits and -._@.")
  var name: String
  @Argument(help: "What it may do: score, train, read, admin; comma-separated.")
  var roles: String

  func validate() throws {
    guard TokenFile.isName(name) else {
      throw ValidationError("'\(name)' is no name: 1 to 64 letters, digits and -._@")
    }
    guard let known = TokenFile.roles(roles), !known.isEmpty else {
      throw ValidationError(
        "'\(roles)' are no roles: \(Role.allCases.map(\.rawValue).joined(separator: ", "))")
    }
  }

  func run() {
    let token = Self.random()
    print("token: \(token)")
    print("line:  \(name) \(roles) sha256:\(TokenFile.hash(of: token))")
  }

  /// 256 random bits in 43 letters and digits of base64url, behind what secret scanners may know it by.
  private static func random() -> String {
    let digits = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")
    var generator = SystemRandomNumberGenerator()
    return "hausdorffd_" + String((0..<43).map { _ in digits[Int(generator.next() & 63)] })
  }
}
