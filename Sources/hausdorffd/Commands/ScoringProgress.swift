import HTTPServer

/// The line that tells how many of several pairs have been begun, each time over the one before.
final class ScoringProgress: Sendable {
  private let count: Int
  private let isShown: Bool
  private let write: @Sendable (String) -> Void
  private let begun = Locked(0)

  /// - Parameters:
  ///   - isShown: whether there is a terminal.
  ///   - write: writes to it.
  init(count: Int, isShown: Bool, write: @escaping @Sendable (String) -> Void) {
    (self.count, self.isShown, self.write) = (count, isShown, write)
  }

  /// Tells of one more.
  func begin() {
    guard isShown else { return }
    begun.withLock { begun in
      begun += 1
      write("\rscoring \(begun) of \(count)")
    }
  }

  /// Does `work`; behind it, however it ends, nothing is left of the line.
  func erased<Value, Failure: Error>(
    after work: () throws(Failure) -> Value
  ) throws(Failure) -> Value {
    defer { if isShown { write("\r\u{1B}[K") } }
    return try work()
  }
}
