import Hausdorff
import MaskFormats

/// Bytes as a source; each in memory of exactly their size and padding, so that the address sanitizer sees a step past it.
final class TestBytes: ByteSource {
  let count: Int
  let paddingCount: Int
  private nonisolated(unsafe) let buffer: UnsafeMutableRawBufferPointer

  init(_ bytes: some Collection<UInt8>, paddingCount: Int = 64) {
    count = bytes.count
    self.paddingCount = paddingCount
    buffer = .allocate(byteCount: bytes.count + paddingCount, alignment: 1)
    buffer.copyBytes(from: bytes)
    // What follows a text may look like more of it.
    for at in count..<buffer.count { buffer[at] = UInt8(ascii: "7") }
  }

  convenience init(_ text: String, paddingCount: Int = 64) {
    self.init(Array(text.utf8), paddingCount: paddingCount)
  }

  deinit { buffer.deallocate() }

  func withBytes<Result, Failure: Error>(
    _ body: (RawSpan) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    try body(RawSpan(_unsafeStart: UnsafeRawPointer(buffer.baseAddress!), byteCount: count))
  }
}

extension NumericArray {
  /// The elements, whatever their type.
  var values: [Double] {
    switch type {
    case .bool, .uint8: elements(UInt8.self).map(Double.init)
    case .int8: elements(Int8.self).map(Double.init)
    case .uint16: elements(UInt16.self).map(Double.init)
    case .int16: elements(Int16.self).map(Double.init)
    case .uint32: elements(UInt32.self).map(Double.init)
    case .int32: elements(Int32.self).map(Double.init)
    case .uint64: elements(UInt64.self).map { Double($0) }
    case .int64: elements(Int64.self).map(Double.init)
    case .float16: elements(UInt16.self).map { Double(Float16(bitPattern: $0)) }
    case .float32: elements(Float.self).map(Double.init)
    case .float64: elements(Double.self)
    }
  }

  func elements<Element: BitwiseCopyable>(_: Element.Type) -> [Element] {
    withBytes { bytes in
      bytes.withUnsafeBytes { raw in
        stride(from: 0, to: raw.count, by: MemoryLayout<Element>.size).map {
          raw.loadUnaligned(fromByteOffset: $0, as: Element.self)
        }
      }
    }
  }
}

/// The error that `body` throws; nil if it throws none.
func failure<Result>(of body: () throws(FormatError) -> Result) -> FormatError? {
  do {
    _ = try body()
    return nil
  } catch {
    return error
  }
}
