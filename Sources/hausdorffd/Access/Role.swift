import HTTPServer

/// What a token may do.
enum Role: String, CaseIterable, Sendable {
  /// Scores and losses.
  case score
  /// Data sets and training jobs of the token's account.
  case train
  /// A look at them, and at the server's figures.
  case read
  /// Everything, of all accounts.
  case admin
}

/// Who may use a route.
enum Permission: Equatable, Sendable {
  /// Anyone, without a token.
  case everyone
  /// Any token.
  case anyToken
  /// Tokens with one of these roles, and `admin`.
  case roles(Set<Role>)

  /// The permission for a route; what is not listed takes `admin`.
  init(_ route: Route) {
    let isGet = route.method == .get
    switch route.path {
    case "/livez", "/readyz", "/healthz", "/openapi.yaml", "/v2/health/live", "/v2/health/ready":
      self = .everyone
    case "/v1/info": self = .anyToken
    case "/metrics": self = .roles([.read])
    case "/v1/score", "/v1/loss": self = .roles([.score])
    case let path where path.hasPrefix("/v1/datasets") || path.hasPrefix("/v1/training-jobs"):
      self = .roles(isGet ? [.train, .read] : [.train])
    // Which of the two depends on the model.
    case let path where path.hasPrefix("/v2/") && path.hasSuffix("/infer"): self = .roles([.score, .train])
    case let path where path.hasPrefix("/v2/") && path.hasSuffix("/stats"): self = .roles([.read])
    case let path where path == "/v2" || path.hasPrefix("/v2/"): self = .anyToken
    default: self = .roles([])
    }
  }
}
