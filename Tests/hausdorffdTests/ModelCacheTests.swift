import Glibc
import Hausdorff
import Testing
import UNet

@testable import HTTPServer
@testable import hausdorffd

/// Which models the cache keeps.
struct ModelCacheTests {
  private let folder: TemporaryFolder
  private let cache = ModelCache(capacity: 2, threads: 1)

  init() throws { folder = try TemporaryFolder() }

  private func write(_ name: String, seed: UInt64) throws -> String {
    var architecture = Architecture()
    (architecture.levels, architecture.baseChannels) = (1, 4)
    let path = "\(folder.path)/\(name)"
    let weights = Weights(architecture: architecture, seed: seed)
    try Model(weights: weights, preprocessing: Preprocessing()).write(to: path)
    return path
  }

  /// What the cache answers, one after another; the number of an entry tells whether it is one that was given before.
  private func numbers(_ paths: [String]) -> [Int?] {
    let numbers = Locked<[Int?]>([])
    let hasEnded = Bell()
    cache.submit { [cache] in
      // Kept alive, so that no two have the same identity.
      var seen: [ModelCache.Entry] = []
      for path in paths {
        guard let entry = try? cache.entry(path) else {
          numbers.withLock { $0.append(nil) }
          continue
        }
        let number = seen.firstIndex { $0 === entry } ?? seen.count
        if number == seen.count { seen.append(entry) }
        numbers.withLock { $0.append(number) }
      }
      hasEnded.ring()
    }
    hasEnded.wait(seconds: .infinity)
    return numbers.withLock { $0 }
  }

  @Test func `The least recently used model goes first`() throws {
    let (a, b, c) = (
      try write("a", seed: 1), try write("b", seed: 2), try write("c", seed: 3)
    )
    // Behind a, b, a the oldest is b, which goes for c; then a goes for b.
    #expect(numbers([a, b, a, c, a, c, b, c, a]) == [0, 1, 0, 2, 0, 2, 3, 2, 4])
  }

  @Test func `A file that was replaced is another model, one that is gone is none`() throws {
    let (a, b) = (try write("a", seed: 1), try write("b", seed: 2))
    #expect(numbers([a, a, b]) == [0, 0, 1])
    #expect(rename(b, a) == 0)
    #expect(numbers([a, a]) == [0, 0])
    #expect(numbers([b, a]) == [nil, 0])
    unlink(a)
    #expect(numbers([a]) == [nil])
  }
}
