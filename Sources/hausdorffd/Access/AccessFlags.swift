import ArgumentParser
import HTTPServer
import Logging

/// Options of `hausdorffd serve` about who may use it, and how much of it.
struct AccessFlags: ParsableArguments {
  static let environmentOptions = [
    "tokens", "tls-certificate", "tls-key", "cors-origins", "trusted-proxies", "max-client-requests",
    "rate-requests", "rate-bytes",
  ]
  static let environmentFlags = ["require-tokens"]

  @Option(
    help: "A file of bearer tokens, made with 'hausdorffd token'; read again on SIGHUP. (default: no tokens)")
  var tokens: String?
  @Flag(help: "Refuse to start without --tokens.")
  var requireTokens = false
  @Option(help: "A PEM file with the server's certificate and those that vouch for it; read again on SIGHUP.")
  var tlsCertificate: String?
  @Option(help: "A PEM file with the certificate's key.")
  var tlsKey: String?
  @Option(help: "Origins whose web pages may read the answers, comma-separated; * for all. (default: none)")
  var corsOrigins: String?
  @Option(help: "Addresses and networks of proxies whose X-Forwarded-For is believed, comma-separated.")
  var trustedProxies = ""
  @Option(help: "Requests at once of one account, and of one address; more are answered 429. (default: any)")
  var maxClientRequests: Int?
  @Option(
    help:
      "Requests a second of one account, and of one address; ten seconds' worth may come at a time. (default: any)"
  )
  var rateRequests: Double?
  @Option(help: "Bytes of bodies a second, likewise. (default: any)")
  var rateBytes: Double?

  func validate() throws {
    try check("max-client-requests", (1...1 << 20).contains(maxClientRequests ?? 1), "1 to \(1 << 20)")
    try check("rate-requests", (0.001...1e9).contains(rateRequests ?? 1), "0.001 to 1000000000")
    try check("rate-bytes", (1...1e15).contains(rateBytes ?? 1), "1 to 1000000000000000")
    guard NetworkList(trustedProxies) != nil else {
      throw ValidationError("--trusted-proxies must be addresses or networks, as in 10.0.0.0/8,::1")
    }
    guard (tlsCertificate == nil) == (tlsKey == nil) else {
      throw ValidationError("--tls-certificate and --tls-key go together")
    }
    guard !requireTokens || tokens != nil else {
      throw ValidationError("--require-tokens: there is no --tokens")
    }
    for origin in origins ?? [] where origin != "*" && !Self.isOrigin(origin) {
      throw ValidationError("--cors-origins: '\(origin)' is no origin, as in https://viewer.example")
    }
  }

  private static func isOrigin(_ text: String) -> Bool {
    let host = ["http://", "https://"].lazy.filter(text.hasPrefix).map { text.dropFirst($0.count) }.first
    return host.map {
      !$0.isEmpty && $0.utf8.allSatisfy { (0x21...0x7E).contains($0) && $0 != UInt8(ascii: "/") }
    }
      ?? false
  }

  private var origins: [String]? {
    corsOrigins?.split(separator: ",").map { $0.filter { $0 != " " } }
  }

  var cors: CORSPolicy? { origins.map { CORSPolicy(origins: $0) } }

  /// The limits and the tokens.
  func control() throws(TokenFile.Malformed) -> AccessControl {
    let limits = ClientLimits.Limits(
      requestsAtOnce: maxClientRequests, requests: rateRequests, bytes: rateBytes)
    return AccessControl(
      tokens: try readTokens(), limits: limits.isEmpty ? nil : ClientLimits(limits),
      proxies: NetworkList(trustedProxies)!)
  }

  func readTokens() throws(TokenFile.Malformed) -> TokenFile? {
    guard let tokens else { return nil }
    return try TokenFile(path: tokens)
  }

  /// The certificate and its key; nil where none are given.
  func readIdentity() throws(ServerError) -> TLSIdentity? {
    guard let tlsCertificate, let tlsKey else { return nil }
    return try TLSIdentity(
      certificate: OpenFile(path: tlsCertificate).bytes(), key: OpenFile(path: tlsKey).bytes())
  }
}
