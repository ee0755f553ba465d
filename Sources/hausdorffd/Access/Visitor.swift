import HTTPServer

/// Who sent a request, for as long as it lasts.
final class Visitor: Caller {
  /// Where it came from: the client of trusted proxies.
  let address: String
  /// Nil where the server asks for no tokens, and on routes that everyone may use.
  let account: String?
  private let roles: Set<Role>?
  private let shares: [ClientLimits.Share]

  /// - Parameters:
  ///   - roles: nil where the server asks for no tokens.
  ///   - shares: what it takes of its clients' limits.
  init(address: String, account: String?, roles: Set<Role>?, shares: [ClientLimits.Share]) {
    (self.address, self.account, self.roles, self.shares) = (address, account, roles, shares)
  }

  deinit { for share in shares { share.end() } }

  /// Counts bytes that were not declared at the head.
  func charge(bytes: Int) { for share in shares { share.charge(bytes: bytes) } }

  /// Whether it has one of these roles, or all.
  func has(_ wanted: Set<Role>) -> Bool {
    guard let roles else { return true }
    return roles.contains(.admin) || !roles.isDisjoint(with: wanted)
  }

  /// Whose jobs and data sets it may see; nil for everyone's.
  var scope: String? { roles == nil || has([]) ? nil : account }
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
