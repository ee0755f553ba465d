internal import Glibc

/// The bytes of a request's body, or of a response's: in memory of their own, or in a file that is mapped.
///
/// Behind the last byte lie at least 64 zeroed padding bytes, which SIMD parsers may read.
public final class Body: Sendable {
  /// The length in bytes, padding not counted.
  public let count: Int
  /// The number of zeroed bytes that may be read behind the last one; at least 64.
  public var paddingCount: Int { Body.padding }

  static let padding = 64

  private enum Storage {
    case memory(BodyStorage)
    case file(FileMapping)
  }

  // Written before init only, freed in deinit only: reading it needs no lock.
  private nonisolated(unsafe) let storage: Storage

  /// An empty body.
  static let empty = Body(BodyStorage(capacity: 0), count: 0)

  init(_ storage: BodyStorage, count: Int) {
    self.storage = .memory(storage)
    self.count = count
    memset(storage.address + count, 0, Body.padding)
  }

  init(_ mapping: FileMapping) {
    storage = .file(mapping)
    count = mapping.count
  }

  deinit {
    if case .memory(let storage) = storage { storage.free() }
  }

  /// A body of at most `capacity` bytes that `initialize` appends.
  public convenience init<Failure: Error>(
    capacity: Int, _ initialize: (inout OutputRawSpan) throws(Failure) -> Void
  ) throws(Failure) {
    let storage = BodyStorage(capacity: capacity)
    var output = OutputRawSpan(
      buffer: UnsafeMutableRawBufferPointer(start: storage.address, count: capacity), initializedCount: 0)
    do throws(Failure) {
      try initialize(&output)
    } catch {
      storage.free()
      throw error
    }
    let count = output.finalize(
      for: UnsafeMutableRawBufferPointer(start: storage.address, count: capacity))
    self.init(storage, count: count)
  }

  /// A body of the UTF-8 of a text.
  public convenience init(text: String) {
    let bytes = Array(text.utf8)
    self.init(capacity: bytes.count) { output in for byte in bytes { output.append(byte) } }
  }

  /// A body of `count` float32 values, all of which `fill` writes; nil where there is no memory.
  public convenience init?<Failure: Error>(
    floatCount count: Int, _ fill: (inout MutableSpan<Float>) throws(Failure) -> Void
  ) throws(Failure) {
    guard let storage = BodyStorage(trying: count * MemoryLayout<Float>.size) else { return nil }
    var values = UnsafeMutableBufferPointer(
      start: storage.address.bindMemory(to: Float.self, capacity: count), count: count
    ).mutableSpan
    do throws(Failure) {
      try fill(&values)
    } catch {
      storage.free()
      throw error
    }
    self.init(storage, count: count * MemoryLayout<Float>.size)
  }

  /// Calls `body` with the bytes, padding left out.
  public func withBytes<Result, Failure: Error>(
    _ body: (RawSpan) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    defer { withExtendedLifetime(self) {} }
    return try body(UnsafeRawBufferPointer(start: address, count: count).bytes)
  }

  /// The first byte, followed by `count` bytes and the padding; valid while the body is retained.
  var address: UnsafeRawPointer {
    switch storage {
    case .memory(let storage): UnsafeRawPointer(storage.address)
    case .file(let mapping): UnsafeRawPointer(mapping.address)
    }
  }
}

/// A malloc'ed block with room for `capacity` bytes and the padding. Its holder frees it.
struct BodyStorage {
  private(set) var address: UnsafeMutableRawPointer
  private(set) var capacity: Int

  init(capacity: Int) {
    guard let storage = BodyStorage(trying: capacity) else { fatalError("out of memory: \(capacity) bytes") }
    self = storage
  }

  /// Nil where there is no memory.
  init?(trying capacity: Int) {
    guard let address = malloc(capacity + Body.padding) else { return nil }
    self.address = address
    self.capacity = capacity
  }

  /// Makes room for `capacity` bytes, keeping the contents. Fresh pages cost nothing until they are written.
  mutating func grow(to capacity: Int) -> Bool {
    guard let moved = realloc(address, capacity + Body.padding) else { return false }
    address = moved
    self.capacity = capacity
    return true
  }

  func free() { Glibc.free(address) }
}
