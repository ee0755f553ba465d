import Glibc
import HTTPServer
import Training

/// Bearer tokens by their hashes.
///
/// A line each: `NAME ROLES sha256:HEX`, with the roles comma-separated; empty lines and those that begin with `#` are
/// passed over. Only hashes are kept, so who reads the file cannot use the tokens: they are random, and long enough that
/// nobody can try them all.
struct TokenFile: Sendable {
  struct Entry: Sendable {
    /// The account that it acts for; several tokens may have the same.
    let account: String
    let roles: Set<Role>
    fileprivate let hash: [UInt8]
  }

  struct Malformed: Error, CustomStringConvertible {
    let description: String
  }

  let entries: [Entry]

  /// Reads a file of at most 1 MiB.
  init(path: String) throws(Malformed) {
    let bytes: [UInt8]
    do throws(ServerError) {
      let file = try OpenFile(path: path)
      bytes = file.count < 1 << 20 ? try file.bytes() : []
    } catch {
      throw Malformed(description: "the token file '\(path)': \(error)")
    }
    guard let text = String(validating: bytes, as: UTF8.self), !text.isEmpty else {
      throw Malformed(description: "the token file '\(path)' is empty, or not text of less than 1 MiB")
    }
    try self.init(text: text, path: path)
  }

  init(text: String, path: String) throws(Malformed) {
    var entries: [Entry] = []
    // Some editors begin a file with a byte order mark.
    let text = text.first == "\u{FEFF}" ? text.dropFirst() : text[...]
    for (number, line) in Self.lines(of: text).enumerated() {
      let words = line.split(whereSeparator: \.isWhitespace)
      guard let first = words.first, !first.hasPrefix("#") else { continue }
      // What a line has is not shown: it may be a token in the wrong place.
      guard let entry = Entry(words) else {
        throw Malformed(
          description:
            "line \(number + 1) of the token file '\(path)' is not NAME ROLES sha256:HEX with the roles \(Role.allCases.map(\.rawValue).joined(separator: ", ")); make one with 'hausdorffd token'"
        )
      }
      entries.append(entry)
    }
    guard !entries.isEmpty else { throw Malformed(description: "the token file '\(path)' has no tokens") }
    self.entries = entries
  }

  private static func lines(of text: Substring) -> [Substring] {
    text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline)
  }

  /// The entry of a token. Takes as long whichever it is, and whether there is one.
  func entry(of token: String) -> Entry? {
    let hash = Array(Self.hash(of: token).utf8)
    var found: Int?
    for (index, entry) in entries.enumerated() {
      var difference: UInt8 = 0
      for place in hash.indices { difference |= hash[place] ^ entry.hash[place] }
      if difference == 0 { found = index }
    }
    return found.map { entries[$0] }
  }

  static func hash(of token: String) -> String {
    Array(token.utf8).withUnsafeBytes { SHA256.text(of: RawSpan(_unsafeBytes: $0)) }
  }

  /// What names of accounts may have.
  static func isName(_ name: some StringProtocol) -> Bool {
    (1...64).contains(name.utf8.count)
      && name.utf8.allSatisfy {
        (0x30...0x39).contains($0) || (0x41...0x5A).contains($0) || (0x61...0x7A).contains($0)
          || "-._@".utf8.contains($0)
      }
  }

  /// Roles as they are written, comma-separated; nil where one is none.
  static func roles(_ text: some StringProtocol) -> Set<Role>? {
    let roles = text.split(separator: ",", omittingEmptySubsequences: false).map {
      Role(rawValue: String($0))
    }
    return roles.contains(nil) ? nil : Set(roles.compactMap { $0 })
  }
}

extension TokenFile.Entry {
  fileprivate init?(_ words: [Substring]) {
    let digits = words.last?.dropFirst("sha256:".count) ?? ""
    guard words.count == 3, TokenFile.isName(words[0]), let roles = TokenFile.roles(words[1]),
      words[2].hasPrefix("sha256:"), digits.utf8.count == 64,
      digits.allSatisfy({ $0.isASCII && $0.isHexDigit })
    else { return nil }
    (account, self.roles, hash) = (String(words[0]), roles, Array(digits.lowercased().utf8))
  }
}
