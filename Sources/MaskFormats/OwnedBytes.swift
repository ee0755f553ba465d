import Glibc

/// Memory from malloc that a decoder filled, freed with the last reference.
final class OwnedBytes: ByteSource {
  let count: Int
  let paddingCount: Int
  private nonisolated(unsafe) let start: UnsafeMutableRawPointer

  /// Takes over `start`, which must come from malloc and hold `count` initialised bytes that nobody else writes.
  init(adopting start: UnsafeMutableRawPointer, count: Int) {
    self.start = start
    self.count = count
    paddingCount = 0
  }

  /// Makes `count` bytes, of which `fill` must initialise the whole, with `paddingCount` zero bytes behind them.
  init(count: Int, paddingCount: Int = 0, fill: (UnsafeMutableRawBufferPointer) throws(FormatError) -> Void)
    throws(FormatError)
  {
    guard let start = malloc(max(count + paddingCount, 1)) else {
      throw FormatError(.tooLarge, "there is no memory for an array of \(count) bytes")
    }
    self.start = start
    self.count = count
    self.paddingCount = paddingCount
    memset(start + count, 0, paddingCount)
    Self.adviseLargePages(start, count)
    // From here on `deinit` frees the memory, also when `fill` throws.
    try fill(UnsafeMutableRawBufferPointer(start: start, count: count))
  }

  /// Asks the system for large pages where an array is large: to hand out small ones takes it longer than most decoders
  /// need to fill them.
  private static func adviseLargePages(_ start: UnsafeMutableRawPointer, _ count: Int) {
    guard count >= 4 << 20 else { return }
    let pageSize = Int(getpagesize())
    let first = start.alignedUp(toMultipleOf: pageSize)
    // A refusal does no harm.
    madvise(first, (count - (first - start)) / pageSize * pageSize, Int32(MADV_HUGEPAGE))
  }

  /// Asks `read` to fill room, `firstCapacity` bytes and then twice as much again and again, until it fills less of it
  /// than there is: that was the end. `paddingCount` zero bytes follow.
  init(
    firstCapacity: Int, paddingCount: Int, read: (UnsafeMutableRawBufferPointer) throws(FormatError) -> Int
  ) throws(FormatError) {
    var (memory, count, capacity) = (UnsafeMutableRawPointer?.none, 0, max(firstCapacity, 1))
    func resize(to size: Int) throws(FormatError) {
      guard let moved = realloc(memory, size + paddingCount) else {
        free(memory)
        throw FormatError(.tooLarge, "there is no memory for \(size) bytes")
      }
      memory = moved
    }
    while true {
      try resize(to: capacity)
      do throws(FormatError) {
        let room = UnsafeMutableRawBufferPointer(start: memory! + count, count: capacity - count)
        count += try read(room)
      } catch {
        free(memory)
        throw error
      }
      if count < capacity { break }
      capacity *= 2
    }
    try resize(to: count)
    start = memory!
    self.count = count
    self.paddingCount = paddingCount
    memset(start + count, 0, paddingCount)
  }

  deinit { free(start) }

  func withBytes<Result, Failure: Error>(
    _ body: (RawSpan) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    try body(RawSpan(_unsafeStart: start, byteCount: count))
  }
}
