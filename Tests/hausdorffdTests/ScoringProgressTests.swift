import HTTPServer
import Testing

@testable import hausdorffd

/// The line that tells how far the folders are scored, without a terminal.
struct ScoringProgressTests {
  private struct Stopped: Error {}

  /// What is written about two pairs, of which `count` are begun before the end or a failure.
  private func text(isShown: Bool, begun count: Int, fails: Bool) throws -> String {
    let text = Locked("")
    let progress = ScoringProgress(count: 2, isShown: isShown) { part in text.withLock { $0 += part } }
    func work() throws(Stopped) -> Int {
      for _ in 0..<count { progress.begin() }
      if fails { throw Stopped() }
      return 7
    }
    if fails {
      #expect(throws: Stopped.self) { try progress.erased(after: work) }
    } else {
      #expect(try progress.erased(after: work) == 7)
    }
    return text.withLock { $0 }
  }

  @Test func `Each pair is told over the one before, and nothing is left at the end`() throws {
    #expect(
      try text(isShown: true, begun: 2, fails: false) == "\rscoring 1 of 2\rscoring 2 of 2\r\u{1B}[K")
  }

  @Test func `Nothing is left behind a failure either`() throws {
    #expect(try text(isShown: true, begun: 1, fails: true) == "\rscoring 1 of 2\r\u{1B}[K")
  }

  @Test(arguments: [false, true]) func `Without a terminal nothing is written`(_ fails: Bool) throws {
    #expect(try text(isShown: false, begun: 1, fails: fails).isEmpty)
  }
}
