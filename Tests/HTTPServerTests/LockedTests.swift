import HTTPServer
import Testing

@Test func `A locked value survives many threads`() async {
  let sum = Locked(0)
  await withTaskGroup(of: Void.self) { group in
    for _ in 0..<8 { group.addTask { for _ in 0..<1000 { sum.withLock { $0 += 1 } } } }
  }
  #expect(sum.withLock { $0 } == 8000)
}
