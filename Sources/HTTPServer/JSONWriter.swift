/// Writes JSON (RFC 8259) into bytes.
///
/// A number that is not finite becomes the string "Infinity", "-Infinity" or "NaN"; others are written with the fewest
/// digits that read back to the same float64.
public struct JSONWriter: Sendable {
  /// What was written so far.
  public private(set) var bytes: [UInt8] = []
  @usableFromInline var needsComma = false

  /// A writer that has written nothing.
  public init() { bytes.reserveCapacity(512) }

  /// Writes an object; `body` writes its members.
  public mutating func object(_ body: (inout JSONWriter) -> Void) {
    open("{")
    body(&self)
    close("}")
  }

  /// Writes an array; `body` writes the value of each element.
  @inlinable
  public mutating func array<Elements: Sequence>(
    _ elements: Elements, _ body: (inout JSONWriter, Elements.Element) -> Void
  ) {
    open("[")
    for element in elements {
      separate()
      body(&self, element)
      needsComma = true
    }
    close("]")
  }

  /// Writes a member's name; `body` writes its value.
  public mutating func member(_ name: String, _ body: (inout JSONWriter) -> Void) {
    separate()
    write(name)
    bytes.append(UInt8(ascii: ":"))
    body(&self)
    needsComma = true
  }

  /// Writes a member; nil is null.
  public mutating func member(_ name: String, _ number: Double?) { member(name) { $0.value(number) } }
  /// Writes a member.
  public mutating func member(_ name: String, _ number: Int) { member(name) { $0.value(number) } }
  /// Writes a member; nil is null.
  public mutating func member(_ name: String, _ text: String?) { member(name) { $0.value(text) } }

  /// Writes a number; nil is null.
  public mutating func value(_ number: Double?) {
    guard let number else { return bytes.append(contentsOf: "null".utf8) }
    let text = JSONWriter.text(number)
    if number.isFinite { bytes.append(contentsOf: text.utf8) } else { write(text) }
  }

  /// Writes a value.
  public mutating func value(_ number: Int) { bytes.append(contentsOf: "\(number)".utf8) }
  /// Writes a value.
  public mutating func value(_ flag: Bool) { bytes.append(contentsOf: "\(flag)".utf8) }

  /// Writes a value that is JSON already; nil is null.
  public mutating func raw(_ json: String?) { bytes.append(contentsOf: (json ?? "null").utf8) }

  /// A number as it is written, without the quotes of one that is not finite.
  public static func text(_ number: Double) -> String {
    if number.isNaN { return "NaN" }
    if number.isInfinite { return number < 0 ? "-Infinity" : "Infinity" }
    return number == number.rounded() && abs(number) < 1e15 ? "\(Int(number))" : number.description
  }

  /// Writes a string; nil is null.
  public mutating func value(_ text: String?) {
    guard let text else { return bytes.append(contentsOf: "null".utf8) }
    write(text)
  }

  @usableFromInline mutating func open(_ bracket: Unicode.Scalar) {
    bytes.append(UInt8(ascii: bracket))
    needsComma = false
  }

  @usableFromInline mutating func close(_ bracket: Unicode.Scalar) {
    bytes.append(UInt8(ascii: bracket))
    needsComma = true
  }

  @usableFromInline mutating func separate() {
    if needsComma { bytes.append(UInt8(ascii: ",")) }
    needsComma = false
  }

  private mutating func write(_ text: String) {
    var text = text
    text.withUTF8 { write($0) }
  }

  private mutating func write(_ text: UnsafeBufferPointer<UInt8>) {
    bytes.append(UInt8(ascii: "\""))
    defer { bytes.append(UInt8(ascii: "\"")) }
    let isPlain = text.allSatisfy { $0 >= 0x20 && $0 != UInt8(ascii: "\"") && $0 != UInt8(ascii: "\\") }
    if isPlain { return bytes.append(contentsOf: text) }
    for byte in text {
      switch byte {
      case UInt8(ascii: "\""), UInt8(ascii: "\\"): bytes += [UInt8(ascii: "\\"), byte]
      case 0..<0x20:
        let digits = String(byte, radix: 16)
        bytes.append(contentsOf: ("\\u" + String(repeating: "0", count: 4 - digits.count) + digits).utf8)
      default: bytes.append(byte)
      }
    }
  }
}
