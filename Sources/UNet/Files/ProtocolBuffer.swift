/// A message in the encoding of Protocol Buffers (https://protobuf.dev/programming-guides/encoding).
///
/// Numbers of tensors stay in the arrays that hold them until they are written, also as parts of other messages.
struct ProtocolBuffer {
  private enum Chunk {
    case bytes([UInt8])
    case floats([Float])
  }

  private var chunks: [Chunk] = []
  /// Bytes of the message.
  private(set) var count = 0

  /// The message that `fill` makes.
  init(_ fill: (inout ProtocolBuffer) -> Void = { _ in }) { fill(&self) }

  /// Appends a field of an integer or enumeration.
  mutating func integer(_ field: Int, _ value: Int) {
    append(Self.varint(field << 3) + Self.varint(value))
  }

  /// Appends a field of an integer for each value: not packed, as ONNX has it.
  mutating func integers(_ field: Int, _ values: [Int]) {
    for value in values { integer(field, value) }
  }

  /// Appends a field of text.
  mutating func text(_ field: Int, _ text: String) { bytes(field, Array(text.utf8)) }

  /// Appends a field of bytes.
  mutating func bytes(_ field: Int, _ bytes: [UInt8]) {
    begin(field, count: bytes.count)
    append(bytes)
  }

  /// Appends a field of bytes, which are those of the numbers in little-endian order.
  mutating func bytes(_ field: Int, _ values: [Float]) {
    begin(field, count: values.count * MemoryLayout<Float>.size)
    append(.floats(values))
  }

  /// Appends a field of a message.
  mutating func message(_ field: Int, _ message: ProtocolBuffer) {
    begin(field, count: message.count)
    for chunk in message.chunks { append(chunk) }
  }

  /// Appends the message to a file.
  func write(to file: borrowing AtomicFile) throws(UNetError) {
    for chunk in chunks {
      switch chunk {
      case .bytes(let bytes): try file.append(bytes)
      case .floats(let values): try file.append(values)
      }
    }
  }

  /// Begins a field that says its length.
  private mutating func begin(_ field: Int, count: Int) {
    append(Self.varint(field << 3 | 2) + Self.varint(count))
  }

  private mutating func append(_ chunk: Chunk) {
    switch chunk {
    case .bytes(let bytes): append(bytes)
    case .floats(let values):
      chunks.append(chunk)
      count += values.count * MemoryLayout<Float>.size
    }
  }

  private mutating func append(_ bytes: [UInt8]) {
    count += bytes.count
    if case .bytes(var last) = chunks.last {
      // Taken out, so that it grows in place.
      chunks.removeLast()
      last += bytes
      chunks.append(.bytes(last))
    } else {
      chunks.append(.bytes(bytes))
    }
  }

  /// Seven bits a byte, the lowest first; a negative number takes ten.
  private static func varint(_ value: Int) -> [UInt8] {
    var (rest, bytes) = (UInt64(bitPattern: Int64(value)), [UInt8]())
    while rest > 0x7F {
      bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
      rest >>= 7
    }
    return bytes + [UInt8(rest)]
  }
}
