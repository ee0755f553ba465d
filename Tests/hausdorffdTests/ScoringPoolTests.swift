import Dispatch
import HTTPServer
import Testing

@testable import HTTPServer
@testable import hausdorffd

/// The pool's places, workers and spread batches.
struct ScoringPoolTests {
  private func pool(_ change: (inout ScoringPool.Limits) -> Void = { _ in }) -> ScoringPool {
    var limits = ScoringPool.Limits()
    change(&limits)
    return ScoringPool(limits: limits)
  }

  @Test func `There are so many places and no more`() throws {
    let pool = pool { $0.requests = 3 }
    var places = try (0..<3).map { _ in try pool.admit() }
    #expect(pool.requestCount == 3)
    let problem = #expect(throws: Problem.self) { try pool.admit() }
    #expect(problem?.status == 503 && problem?.headers["Retry-After"] == "1")
    #expect(pool.requestCount == 3)
    places.removeLast()
    #expect(pool.requestCount == 2)
    places.append(try pool.admit())
    places = []
    #expect(pool.requestCount == 0)
  }

  @Test func `Bytes are bounded over all places, and come back with each`() throws {
    let pool = pool { $0.bytes = 100 }
    let first = try pool.admit()
    var second: ScoringPool.Place? = try pool.admit()
    #expect(first.reserve(bytes: 60))
    #expect(second?.reserve(bytes: 41) == false)
    #expect(second?.reserve(bytes: 30) == true && second?.reserve(bytes: 10) == true)
    #expect(!first.reserve(bytes: 1) && first.reserve(bytes: 0) && !first.reserve(bytes: .max))
    second = nil
    #expect(first.reserve(bytes: 40) && !first.reserve(bytes: 1))
  }

  @Test func `A pool whose workers are all busy keeps no other pool waiting`() {
    let (busy, other) = (pool { $0.width = 4 * Cores.available }, pool())
    let progress = Locked((running: 0, isFree: false))
    for _ in 0..<busy.limits.width {
      // Work that blocks would not do: Dispatch makes more threads when some of them sleep.
      busy.submit {
        progress.withLock { $0.running += 1 }
        while progress.withLock({ !$0.isFree }) {}
      }
    }
    #expect(eventually { progress.withLock { $0.running } == busy.limits.width })
    let done = DispatchSemaphore(value: 0)
    other.submit { done.signal() }
    #expect(done.wait(timeout: .now() + 60) == .success)
    progress.withLock { $0.isFree = true }
  }

  @Test func `So many workers work at once, and all work is done`() {
    let pool = pool { $0.width = 3 }
    let progress = Locked((running: 0, most: 0, done: 0))
    let gate = DispatchSemaphore(value: 0)
    for _ in 0..<20 {
      pool.submit {
        progress.withLock {
          $0.running += 1
          $0.most = max($0.most, $0.running)
        }
        gate.wait()
        progress.withLock {
          $0.running -= 1
          $0.done += 1
        }
      }
    }
    #expect(eventually { progress.withLock { $0.running } == 3 })
    for _ in 0..<20 { gate.signal() }
    #expect(eventually { progress.withLock { $0.done } == 20 })
    #expect(progress.withLock { $0.most } == 3)
  }

  @Test func `One worker does what waits in its order`() {
    let pool = pool { $0.width = 1 }
    let done = Locked<[Int]>([])
    for index in 0..<100 { pool.submit { done.withLock { $0.append(index) } } }
    #expect(eventually { done.withLock { $0.count } == 100 })
    #expect(done.withLock { $0 } == Array(0..<100))
  }

  @Test func `A batch is spread over the idle workers`() {
    let pool = pool { $0.width = 4 }
    let together = Locked(0)
    let finished = Locked(0)
    let gate = DispatchSemaphore(value: 0)
    pool.submit {
      pool.spread(4) { _ in
        together.withLock { $0 += 1 }
        gate.wait()
      } finish: {
        finished.withLock { $0 += 1 }
      }
    }
    // Each waits for all: one worker alone would never get here.
    #expect(eventually { together.withLock { $0 } == 4 })
    #expect(finished.withLock { $0 } == 0)
    for _ in 0..<4 { gate.signal() }
    #expect(eventually { finished.withLock { $0 } == 1 })
  }

  @Test(arguments: [0, 1, 2, 7, 1000]) func `Every item of a batch is done once, then the end comes once`(
    _ count: Int
  ) {
    let pool = pool { $0.width = 4 }
    for _ in 0..<20 {
      let done = Locked([Int](repeating: 0, count: count))
      let ends = Locked<[Bool]>([])
      pool.submit {
        pool.spread(count) { index in
          done.withLock { $0[index] += 1 }
        } finish: {
          ends.withLock { $0.append(done.withLock { $0.allSatisfy { $0 == 1 } }) }
        }
      }
      #expect(eventually { !ends.withLock { $0.isEmpty } })
      #expect(ends.withLock { $0 } == [true])
    }
  }

  @Test func `A batch does not wait for workers that are busy`() {
    let pool = pool { $0.width = 2 }
    let gate = DispatchSemaphore(value: 0)
    pool.submit { gate.wait() }
    let finished = Locked(false)
    pool.submit {
      pool.spread(50) { _ in
      } finish: {
        finished.withLock { $0 = true }
      }
    }
    #expect(eventually { finished.withLock { $0 } })
    gate.signal()
  }

  @Test func `What waited past its deadline is told so, however long the workers are busy`() {
    let pool = pool {
      $0.width = 1
      $0.deadline = .milliseconds(1)
    }
    let gate = DispatchSemaphore(value: 0)
    let done = Locked<[Int]>([])
    pool.submit { gate.wait() }
    for number in 0..<3 { pool.submit { done.withLock { $0.append(number) } } }
    #expect(eventually { done.withLock { $0.count } == 3 })
    pool.submit { done.withLock { $0.append(3) } }
    #expect(eventually { done.withLock { $0 == [0, 1, 2, 3] } })
    gate.signal()
    pool.submit { done.withLock { $0.append(4) } }
    #expect(eventually { done.withLock { $0.count } == 5 })
  }

  private final class Token: Sendable {}

  @Test func `What is done is let go, though more waits`() {
    let pool = pool { $0.width = 1 }
    let (first, gate) = (DispatchSemaphore(value: 0), DispatchSemaphore(value: 0))
    let weak = Weak()
    let isDone = Locked(false)
    pool.submit { first.wait() }
    do {
      let token = Token()
      weak.token.withLock { $0.value = token }
      pool.submit { withExtendedLifetime(token) {} }
    }
    pool.submit {
      isDone.withLock { $0 = true }
      gate.wait()
    }
    for _ in 0..<10 { pool.submit {} }
    first.signal()
    #expect(eventually { isDone.withLock { $0 } })
    #expect(weak.token.withLock { $0.value == nil }, "a request that was answered keeps its body")
    gate.signal()
  }

  private final class Weak: Sendable {
    struct Reference { weak var value: Token? }
    let token = Locked(Reference())
  }
}
