import HTTPServer

/// Who sent a request, for as long as it lasts.
final class Visitor: Caller {
  /// Where it came from: the client of trusted proxies.
  let address: String
  // Touched by the thread of the connection alone until the request is handled.
  private nonisolated(unsafe) var entry: TokenFile.Entry?
  private nonisolated(unsafe) var shares: [ClientLimits.Share] = []
  private let asksForTokens: Bool

  /// - Parameter asksForTokens: whether the server asks for tokens; where it does not, everyone may do everything.
  init(address: String, asksForTokens: Bool) { (self.address, self.asksForTokens) = (address, asksForTokens) }

  deinit { for share in shares { share.end() } }

  /// Nil where the server asks for no tokens, or there was no good one.
  var account: String? { entry?.account }

  /// Of an IPv6 address the network that one client usually has to itself, else the address.
  var network: String { NetworkList.prefix64(of: address) ?? address }

  /// Gives it what its token says, at the head of the request.
  func isKnown(as entry: TokenFile.Entry) { self.entry = entry }

  /// Has it take a share of its client's limits, until it ends.
  func takes(_ share: ClientLimits.Share) { shares.append(share) }

  /// Takes bytes of its clients' limits; gives them back where they are less than 0.
  func charge(bytes: Int) { for share in shares { share.charge(bytes: bytes) } }

  /// Whether it has one of these roles, or all.
  func has(_ wanted: Set<Role>) -> Bool {
    guard asksForTokens else { return true }
    let roles = entry?.roles ?? []
    return roles.contains(.admin) || !roles.isDisjoint(with: wanted)
  }

  /// Whose jobs and data sets it may see; nil for everyone's.
  var scope: String? { has([]) ? nil : account ?? "" }
}

extension Request {
  /// Who sent it; nil where the server neither asks for tokens nor limits clients.
  var visitor: Visitor? { caller as? Visitor }

  /// Whose jobs and data sets may be seen; nil for everyone's.
  var scope: String? { visitor?.scope }
}

extension RequestRecord {
  var visitor: Visitor? { caller as? Visitor }
  /// The client's address.
  var client: String { visitor?.address ?? head.peer.description }
}
