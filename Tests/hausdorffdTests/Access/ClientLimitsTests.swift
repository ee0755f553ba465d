import HTTPServer
import Testing

@testable import hausdorffd

struct ClientLimitsTests {
  private let clock = Locked(1000.0)

  private func limits(_ change: (inout ClientLimits.Limits) -> Void) -> ClientLimits {
    var limits = ClientLimits.Limits()
    change(&limits)
    return ClientLimits(limits) { [clock] in clock.withLock { $0 } }
  }

  private func refusal(_ limits: ClientLimits, _ key: String, bytes: Int = 0) -> Problem? {
    do throws(Problem) {
      try limits.enter(key, bytes: bytes).end()
      return nil
    } catch { return error }
  }

  @Test func `Ten seconds' worth of requests may come at a time, and then as many as the rate`() {
    let limits = limits { $0.requests = 2 }
    for _ in 0..<20 { #expect(refusal(limits, "a") == nil) }
    #expect(refusal(limits, "a")?.status == 429)
    #expect(refusal(limits, "a")?.headers["Retry-After"] == "1")
    #expect(refusal(limits, "b") == nil)
    clock.withLock { $0 += 1 }
    for _ in 0..<2 { #expect(refusal(limits, "a") == nil) }
    #expect(refusal(limits, "a") != nil)
  }

  @Test func `A rate below one a second lets one pass and says when the next may`() {
    let limits = limits { $0.requests = 0.01 }
    #expect(refusal(limits, "a") == nil)
    #expect(refusal(limits, "a")?.headers["Retry-After"] == "100")
    clock.withLock { $0 += 100 }
    #expect(refusal(limits, "a") == nil)
  }

  @Test func `A body may be longer than what is left, and is paid for by waiting`() {
    let limits = limits { $0.bytes = 100 }
    #expect(refusal(limits, "a", bytes: 5000) == nil)
    #expect(refusal(limits, "a")?.headers["Retry-After"] == "41")
    clock.withLock { $0 += 40.5 }
    #expect(refusal(limits, "a", bytes: 1) == nil)
  }

  @Test func `Bytes that were not declared are charged when they are known`() throws {
    let limits = limits { $0.bytes = 100 }
    let share = try limits.enter("a", bytes: 0)
    share.charge(bytes: 2000)
    share.end()
    #expect(refusal(limits, "a")?.headers["Retry-After"] == "11")
  }

  @Test func `Requests at once are counted until they end`() throws {
    let limits = limits { $0.requestsAtOnce = 2 }
    let shares = try (0..<2).map { _ in try limits.enter("a", bytes: 0) }
    #expect(refusal(limits, "a")?.status == 429)
    #expect(refusal(limits, "b") == nil)
    shares[0].end()
    #expect(refusal(limits, "a") == nil)
  }

  @Test func `Clients that have gone are forgotten`() throws {
    let limits = limits { ($0.requests, $0.requestsAtOnce) = (1, 5) }
    let stays = try limits.enter("stays", bytes: 0)
    for number in 0..<1000 { #expect(refusal(limits, "client \(number)") == nil) }
    #expect(limits.clientCount == 1001)
    clock.withLock { $0 += 60 }
    #expect(refusal(limits, "last") == nil)
    #expect(limits.clientCount == 2)
    stays.end()
  }

  @Test func `Clients are forgotten whatever is not limited`() {
    let limits = limits { $0.requestsAtOnce = 5 }
    for _ in 0..<3 { #expect(refusal(limits, "client", bytes: 1000) == nil) }
    clock.withLock { $0 += 60 }
    #expect(refusal(limits, "last") == nil)
    #expect(limits.clientCount == 1)
  }

  @Test func `A slow rate is not forgotten before its time`() {
    let limits = limits { $0.requests = 0.01 }
    for second in 0..<10 {
      #expect(refusal(limits, "a") == nil || second > 0)
      clock.withLock { $0 += 11 }
      #expect(refusal(limits, "other \(second)") == nil)
    }
    #expect(refusal(limits, "a") == nil)
  }

  @Test func `What was declared and did not come is given back`() throws {
    let limits = limits { $0.bytes = 100 }
    let share = try limits.enter("a", bytes: 1 << 60)
    #expect(refusal(limits, "a")?.status == 429)
    share.charge(bytes: -(1 << 60))
    share.end()
    #expect(refusal(limits, "a") == nil)
  }
}
