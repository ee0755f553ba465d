import HTTPServer

/// What one token, and one address, may take of the server.
final class ClientLimits: Sendable {
  struct Limits: Sendable {
    /// Requests at once.
    var requestsAtOnce: Int?
    /// Requests and bytes of bodies a second; ten seconds' worth may come at a time.
    var requests, bytes: Double?

    var isEmpty: Bool { requestsAtOnce == nil && requests == nil && bytes == nil }

    /// What a client has that has not come for long; one request at least, or it could never come.
    fileprivate var mostRequests: Double { max(1, (requests ?? 0) * ClientLimits.burst) }
    fileprivate var mostBytes: Double { (bytes ?? 0) * ClientLimits.burst }

    /// Adds what some seconds bring.
    fileprivate func refill(_ requestsLeft: inout Double, _ bytesLeft: inout Double, _ seconds: Double) {
      requestsLeft = min(mostRequests, requestsLeft + seconds * (requests ?? 0))
      bytesLeft = min(mostBytes, bytesLeft + seconds * (bytes ?? 0))
    }
  }

  /// What a client has left.
  private struct Account {
    var atOnce = 0
    var requests, bytes: Double
    var at: Double
  }

  /// One request's part in the account of its client.
  struct Share: Sendable {
    fileprivate let key: String
    fileprivate let owner: ClientLimits

    func end() { owner.accounts.withLock { $0[key]?.atOnce -= 1 } }
    /// Takes bytes, or gives them back where they are less than 0.
    func charge(bytes: Int) { owner.accounts.withLock { $0[key]?.bytes -= Double(bytes) } }
  }

  /// Seconds' worth of requests and bytes that may come at a time.
  fileprivate static let burst = 10.0

  let limits: Limits
  private let now: @Sendable () -> Double
  private let accounts = Locked<[String: Account]>([:])
  private let nextSweep = Locked(0.0)

  /// - Parameter now: seconds of a clock that only goes forward.
  init(_ limits: Limits, now: @escaping @Sendable () -> Double = { LeaseKeeper.now }) {
    (self.limits, self.now) = (limits, now)
  }

  /// Takes a request, and the declared bytes of its body, from a client's account; throws 429 where it has too little left.
  func enter(_ key: String, bytes: Int) throws(Problem) -> Share {
    let now = now()
    sweep(now)
    let refusal = accounts.withLock { accounts -> (Refusals.Reason, String, Double)? in
      var account = accounts[key] ?? Account(requests: limits.mostRequests, bytes: limits.mostBytes, at: now)
      limits.refill(&account.requests, &account.bytes, now - account.at)
      account.at = now
      defer { accounts[key] = account }
      if let limit = limits.requestsAtOnce, account.atOnce >= limit {
        return (.concurrency, "\(limit) requests at once are allowed", 1)
      }
      if let rate = limits.requests, account.requests < 1 {
        return (.rate, "\(rate) requests a second are allowed", (1 - account.requests) / rate)
      }
      if let rate = limits.bytes, account.bytes <= 0 {
        return (.bytes, "\(Int(rate)) bytes a second are allowed", (1 - account.bytes) / rate)
      }
      account.atOnce += 1
      account.requests -= 1
      account.bytes -= Double(bytes)
      return nil
    }
    guard let (reason, words, wait) = refusal else { return Share(key: key, owner: self) }
    Refusals.count(reason)
    throw Problem(
      status: 429, detail: "Too much from one client: \(words).",
      headers: ["Retry-After": "\(max(1, Int(min(wait, 86_400).rounded(.up))))"])
  }

  /// Forgets clients that have everything back, so that those who come and go take no memory.
  private func sweep(_ now: Double) {
    let isDue = nextSweep.withLock { next in
      guard now >= next else { return false }
      next = now + Self.burst
      return true
    }
    guard isDue else { return }
    accounts.withLock { accounts in
      accounts = accounts.filter { _, account in
        var (requests, bytes) = (account.requests, account.bytes)
        limits.refill(&requests, &bytes, now - account.at)
        return account.atOnce > 0 || limits.requests != nil && requests < limits.mostRequests
          || limits.bytes != nil && bytes < limits.mostBytes
      }
    }
  }

  /// Clients that are kept in mind.
  var clientCount: Int { accounts.withLock { $0.count } }
}
