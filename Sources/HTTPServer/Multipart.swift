internal import Glibc

/// Bodies of `multipart/form-data` (RFC 7578), parsed in memory without copying the parts.
public enum Multipart {
  /// The most parts that a body may have.
  public static let partLimit = 64
  /// The longest head of a part in bytes.
  public static let partHeadLimit = 8 << 10

  /// One part of a form.
  public struct Part: Sendable, Equatable {
    /// The field's name.
    public let name: String
    /// The file's name as the client gave it; `nil` for a plain field. Never a path to open.
    public let filename: String?
    /// The part's own Content-Type as sent; `nil` where it has none.
    public let contentType: String?
    /// Where its bytes lie in the body.
    public let range: Range<Int>
  }

  /// The parts in their order; two may have the same name.
  ///
  /// Throws 415 where the type is not multipart/form-data with a boundary, 413 for too many parts or too long a
  /// head, and 400 where the body is malformed.
  public static func parts(of body: RawSpan, contentType: MediaType?) throws(Problem) -> [Part] {
    guard let contentType, contentType.name == "multipart/form-data", let boundary = contentType["boundary"],
      isValid(boundary: boundary)
    else { throw Problem(status: 415, detail: "multipart/form-data needs a boundary.") }
    let bytes = Span<UInt8>(_bytes: body)
    let delimiter = Array("\r\n--\(boundary)".utf8)
    var parts: [Part] = []
    // The first delimiter may stand at the very start, without a line's end before it.
    let opensAtStart = starts(with: delimiter[2...], at: 0, in: bytes)
    guard let first = opensAtStart ? 0 : find(delimiter, from: 0, in: body).map({ $0 + 2 }) else {
      throw malformed("the boundary does not occur")
    }
    var index = first + delimiter.count - 2
    while true {
      if starts(with: Array("--".utf8)[...], at: index, in: bytes) { return parts }
      while index < bytes.count, ASCII.isBlank(bytes[index]) { index += 1 }
      guard starts(with: Array("\r\n".utf8)[...], at: index, in: bytes) else {
        throw malformed("a boundary is not followed by a line's end")
      }
      guard parts.count < partLimit else {
        throw Problem(status: 413, detail: "A form may have \(partLimit) parts.")
      }
      index += 2
      var head = PartHead()
      index = try head.read(bytes, from: index)
      guard let name = head.name else { throw malformed("a part has no name") }
      guard let end = find(delimiter, from: index - 2, in: body) else {
        throw malformed("a part does not end")
      }
      let range = min(index, end)..<end
      parts.append(Part(name: name, filename: head.filename, contentType: head.contentType, range: range))
      index = end + delimiter.count
    }
  }

  /// 1 to 70 of the characters of RFC 2046, 5.1.1; a space not at the end.
  private static func isValid(boundary: String) -> Bool {
    (1...70).contains(boundary.utf8.count) && boundary.utf8.last != 0x20
      && boundary.utf8.allSatisfy { byte in
        switch byte {
        case 0x30...0x39, 0x41...0x5A, 0x61...0x7A: true
        default: "'()+_,-./:=? ".utf8.contains(byte)
        }
      }
  }

  private static func starts(with text: ArraySlice<UInt8>, at start: Int, in bytes: Span<UInt8>) -> Bool {
    guard start + text.count <= bytes.count else { return false }
    for (offset, byte) in text.enumerated() where bytes[start + offset] != byte { return false }
    return true
  }

  /// Where `text` begins at or behind `start`. Looks for its first byte, a CR, with memchr.
  private static func find(_ text: [UInt8], from start: Int, in body: RawSpan) -> Int? {
    body.withUnsafeBytes { bytes in
      guard let base = bytes.baseAddress else { return nil }
      var index = start
      while index + text.count <= bytes.count,
        let found = memchr(base + index, Int32(text[0]), bytes.count - index)
      {
        index = UnsafeRawPointer(found) - base
        guard index + text.count <= bytes.count else { return nil }
        if memcmp(base + index, text, text.count) == 0 { return index }
        index += 1
      }
      return nil
    }
  }

  static func malformed(_ what: String) -> Problem {
    Problem(status: 400, detail: "The multipart body is malformed: \(what).")
  }
}
