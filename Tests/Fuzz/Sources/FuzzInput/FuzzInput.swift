public import MaskFormats

/// The fuzzer's bytes in memory of exactly their size, so that the address sanitizer sees a step past it.
public final class FuzzInput: ByteSource {
  public let count: Int
  public let paddingCount: Int
  private nonisolated(unsafe) let buffer: UnsafeMutableRawBufferPointer

  /// Copies `bytes`.
  public convenience init(_ bytes: [UInt8]) {
    self.init(bytes, count: bytes.count)
  }

  /// Copies `count` bytes at `start`; the padding holds a byte that continues tokens.
  public init(_ start: UnsafePointer<UInt8>?, count: Int, paddingCount: Int = 0) {
    self.count = count
    self.paddingCount = paddingCount
    buffer = .allocate(byteCount: count + paddingCount, alignment: 1)
    buffer.copyMemory(from: UnsafeRawBufferPointer(start: start, count: count))
    for at in count..<buffer.count { buffer[at] = UInt8(ascii: "7") }
  }

  deinit { buffer.deallocate() }

  public func withBytes<Result, Failure: Error>(
    _ body: (RawSpan) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    try body(RawSpan(_unsafeStart: UnsafeRawPointer(buffer.baseAddress!), byteCount: count))
  }
}

/// Limits small enough that a run under them stays within the fuzzer's memory.
public let fuzzLimits = FormatLimits(maximumBytes: 1 << 24)

/// Stops the run where an array is not what it says: its length, its axes, its limits; reads every byte of it.
public func check(_ array: NumericArray) {
  let count = array.shape.reduce(array.type.byteCount, *)
  precondition((1...5).contains(array.shape.count) && array.shape.allSatisfy { $0 > 0 })
  precondition(count <= fuzzLimits.maximumBytes && array.byteCount == count)
  let sum = array.withBytes { bytes in
    precondition(bytes.byteCount == count)
    return bytes.withUnsafeBytes { $0.reduce(0) { $0 &+ Int($1) } }
  }
  precondition(sum >= 0)
}

/// Stops the run where a failure does not say what is wrong.
public func check(_ error: FormatError) {
  precondition(!error.detail.isEmpty)
  precondition(error.path?.utf8.first ?? UInt8(ascii: "/") == UInt8(ascii: "/"))
}
