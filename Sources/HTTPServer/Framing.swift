/// The fields that decide where a request ends (RFC 9112, 6), collected while the head is read.
struct Framing {
  private var hosts = 0
  private var contentLength: Range<Int>?
  private var transferEncoding: Range<Int>?

  /// Looks at one field.
  @inline(__always)
  mutating func note(
    _ name: Range<Int>, _ value: Range<Int>, of bytes: Span<UInt8>, _ fields: inout RequestHead.KnownFields
  ) throws(Problem) {
    switch name.count {
    case 4 where bytes.isEqual(name, ignoringCase: "host"):
      hosts += 1
      let host = bytes.trimmed(value)
      for index in host
      where !ASCII.isVisible(bytes[index]) || bytes[index] == UInt8(ascii: ",")
        || bytes[index] == UInt8(ascii: "/") || bytes[index] == UInt8(ascii: "@")
      {
        throw .malformed("Host is not a host and port.")
      }
    case 6 where bytes.isEqual(name, ignoringCase: "accept"):
      fields.accept = bytes.trimmed(value)
    case 6 where bytes.isEqual(name, ignoringCase: "origin"):
      fields.origin = bytes.trimmed(value)
    case 6 where bytes.isEqual(name, ignoringCase: "expect"):
      fields.expect = bytes.trimmed(value)
    case 10 where bytes.isEqual(name, ignoringCase: "request-id"):
      fields.requestID = bytes.trimmed(value)
    case 12 where bytes.isEqual(name, ignoringCase: "content-type"):
      guard fields.contentType == nil else { throw .malformed("Content-Type is repeated.") }
      fields.contentType = bytes.trimmed(value)
    case 14 where bytes.isEqual(name, ignoringCase: "content-length"):
      guard contentLength == nil else { throw .malformed("Content-Length is repeated.") }
      contentLength = value
    case 16 where bytes.isEqual(name, ignoringCase: "content-encoding"):
      // A second one is never identity: the two together say so.
      fields.contentEncoding =
        fields.contentEncoding.isEmpty
        ? bytes.trimmed(value) : fields.contentEncoding.lowerBound..<value.upperBound
    case 17 where bytes.isEqual(name, ignoringCase: "transfer-encoding"):
      guard transferEncoding == nil else { throw .malformed("Transfer-Encoding is repeated.") }
      transferEncoding = value
    default: break
    }
  }

  /// The length of the body; `nil` where it is chunked.
  func contentLength(_ version: HTTPVersion, _ bytes: Span<UInt8>) throws(Problem) -> Int? {
    guard hosts == 1 || hosts == 0 && version == .http10 else {
      throw .malformed(hosts == 0 ? "Host is missing." : "Host is repeated.")
    }
    if let transferEncoding {
      guard contentLength == nil else {
        throw .malformed("Both Transfer-Encoding and Content-Length are given.")
      }
      guard version == .http11 else { throw .malformed("Transfer-Encoding needs HTTP/1.1.") }
      // Not trimmed: libmicrohttpd, which does the decoding, does not trim either.
      guard bytes.isEqual(transferEncoding, ignoringCase: "chunked") else {
        throw .malformed("The only transfer coding is chunked.")
      }
      return nil
    }
    guard let contentLength else { return 0 }
    var length = 0
    for index in contentLength {
      guard ASCII.isDigit(bytes[index]), length < Int.max / 16 else {
        throw .malformed("Content-Length is not a length.")
      }
      length = length * 10 + Int(bytes[index] - 0x30)
    }
    guard !contentLength.isEmpty else { throw .malformed("Content-Length is empty.") }
    return length
  }
}
