import Glibc

/// Memory for numbers that kernels work on, freed with the last reference.
final class Scratch<Element: BitwiseCopyable> {
  let start: UnsafeMutablePointer<Element>

  /// Room for `count` numbers, not initialised.
  init(count: Int) throws(MaskError) {
    guard let memory = malloc(max(1, count) * MemoryLayout<Element>.stride) else { throw .outOfMemory }
    start = memory.bindMemory(to: Element.self, capacity: count)
  }

  /// Room for `count` numbers that are all `value`.
  convenience init(repeating value: Element, count: Int) throws(MaskError) {
    try self.init(count: count)
    start.initialize(repeating: value, count: count)
  }

  deinit { free(start) }

  /// Uses the memory, so that it is not freed before.
  func keep() { withExtendedLifetime(self) {} }
}
