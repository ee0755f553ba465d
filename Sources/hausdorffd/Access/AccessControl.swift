import HTTPServer

/// Finds out who sends a request, and refuses whom it may not come from.
final class AccessControl: Sendable {
  private let tokens: Locked<TokenFile?>
  private let limits: ClientLimits?
  private let proxies: NetworkList

  /// - Parameters:
  ///   - tokens: nil asks for none.
  ///   - limits: nil where clients are not limited.
  ///   - proxies: whose word on whom they forward for counts.
  init(tokens: TokenFile?, limits: ClientLimits?, proxies: NetworkList) {
    (self.tokens, self.limits, self.proxies) = (Locked(tokens), limits, proxies)
  }

  /// Replaces the tokens; requests that are under way go on.
  func replace(_ tokens: TokenFile) { self.tokens.withLock { $0 = tokens } }

  /// The visitor, nil where there is nothing to know of it; and what refuses it.
  ///
  /// That is 429 for a client that is over its limits, 401 without a good token, 403 where the token lacks the role.
  func identify(_ head: RequestHead, _ route: Route?) -> (caller: (any Caller)?, refusal: Problem?) {
    let tokens = tokens.withLock { $0 }
    guard tokens != nil || limits != nil || !proxies.isEmpty else { return (nil, nil) }
    let permission = route.map(Permission.init) ?? .everyone
    let peer = head.peer.description
    let address =
      proxies.isEmpty
      ? peer : proxies.client(peer: peer, forwardedFor: head.headers.values(of: "X-Forwarded-For"))
    let visitor = Visitor(address: address, asksForTokens: tokens != nil)
    // Whoever asks for the health must get to know it.
    guard route == nil || permission != .everyone else { return (visitor, nil) }
    do throws(Problem) {
      // The address first: tokens must not be guessed faster than it may ask.
      try limit(visitor, "address " + visitor.network, head)
      guard let tokens, permission != .everyone else { return (visitor, nil) }
      let entry = try Self.entry(head, tokens)
      visitor.isKnown(as: entry)
      try limit(visitor, "token " + entry.account, head)
      if case .roles(let roles) = permission { try visitor.require(roles) }
      return (visitor, nil)
    } catch {
      return (visitor, error)
    }
  }

  private func limit(_ visitor: Visitor, _ client: String, _ head: RequestHead) throws(Problem) {
    guard let limits else { return }
    visitor.takes(try limits.enter(client, bytes: head.contentLength ?? 0))
  }

  private static func entry(_ head: RequestHead, _ tokens: TokenFile) throws(Problem) -> TokenFile.Entry {
    let words = head.header("authorization")?.split(separator: " ") ?? []
    guard words.count == 2, words[0].lowercased() == "bearer", let entry = tokens.entry(of: String(words[1]))
    else {
      Refusals.count(.unauthenticated)
      throw Problem(
        status: 401,
        detail: words.isEmpty
          ? "A token is needed: Authorization: Bearer TOKEN." : "The token is not one of this server's.",
        headers: ["WWW-Authenticate": words.isEmpty ? "Bearer" : "Bearer error=\"invalid_token\""])
    }
    return entry
  }
}

extension Visitor {
  /// Throws 403 where it has none of these roles.
  func require(_ wanted: Set<Role>) throws(Problem) {
    guard !has(wanted) else { return }
    Refusals.count(.forbidden)
    let names = wanted.union([.admin]).map(\.rawValue).sorted().joined(separator: " or ")
    throw Problem(status: 403, detail: "The token lacks the role for this: \(names).")
  }
}
