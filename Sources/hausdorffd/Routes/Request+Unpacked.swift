import HTTPServer
import MaskFormats

extension Request {
  /// The content codings that bodies with arrays may have.
  static let codings = Compressed.Encoding.allCases.map(\.rawValue)

  /// The request with its body as it was before a content coding.
  ///
  /// What is unpacked counts among the bytes of requests, and may be no more than a body itself.
  func unpacked(_ limits: FormatLimits) throws(Problem) -> Request {
    guard let encoding = head.contentCoding.flatMap(Compressed.Encoding.init) else { return self }
    let bytes: any ByteSource
    do throws(FormatError) {
      bytes = try Compressed.decode(body, encoding, maximumBytes: limits.maximumBytes)
    } catch {
      throw Problem(
        status: error.kind == .tooLarge ? 413 : 400, detail: "The body cannot be unpacked: \(error.detail).")
    }
    try reserve(bytes.count, for: "Unpacking the body")
    return with(
      body: bytes.withBytes { bytes in
        Body(capacity: bytes.byteCount) { output in
          output.withUnsafeMutableBytes { target, count in
            bytes.withUnsafeBytes { target.copyMemory(from: $0) }
            count = bytes.byteCount
          }
        }
      })
  }
}
