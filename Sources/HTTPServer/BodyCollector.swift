internal import Glibc

/// Takes a body piece by piece.
protocol Collector: AnyObject {
  /// Appends; `admission` is asked for the memory that it takes.
  func append(_ bytes: UnsafeRawBufferPointer, _ admission: (any Admission)?) throws(Problem)

  /// The body; the collector is spent.
  func finish() throws(Problem) -> Body
}

/// Takes a body into memory, which grows with what has arrived, not with what was declared.
final class BodyCollector: Collector {
  private var storage: BodyStorage
  private var count = 0
  private var reserved = 0
  private var isFinished = false
  private let limit: Int

  /// Starts a body of the declared `length`, or of at most `limit` bytes where there is none.
  init(length: Int?, limit: Int) {
    self.limit = length ?? limit
    storage = BodyStorage(capacity: min(length ?? 64 << 10, limit, 1 << 20))
  }

  deinit {
    if !isFinished { storage.free() }
  }

  /// Appends; `admission` is asked for the memory.
  func append(_ bytes: UnsafeRawBufferPointer, _ admission: (any Admission)?) throws(Problem) {
    let needed = count + bytes.count
    guard needed <= limit else { throw .tooLong(limit) }
    if let admission, needed > reserved {
      let more = min(max(needed, 2 * reserved, 64 << 10), limit) - reserved
      guard admission.reserve(bytes: more) else { throw .overloaded("There is no room for the body now.") }
      reserved += more
    }
    if needed > storage.capacity, !storage.grow(to: min(max(needed, 2 * storage.capacity), limit)) {
      throw .overloaded("There is no memory for the body now.")
    }
    memcpy(storage.address + count, bytes.baseAddress!, bytes.count)
    count = needed
  }

  /// The body; the collector is spent.
  func finish() -> Body {
    isFinished = true
    return Body(storage, count: count)
  }
}
