import FuzzInput
import HTTPServer
import MaskFormats

@main struct FuzzForm {
  static let type = MediaType("multipart/form-data; boundary=limit")

  static func main() {
    run { start, count in
      FuzzInput(start, count: count).withBytes { bytes in
        do throws(Problem) {
          FuzzForm.check(try Multipart.parts(of: bytes, contentType: FuzzForm.type), bytes)
        } catch {
          precondition(error.status == 400 || error.status == 413)
          precondition(error.detail?.isEmpty == false)
        }
      }
      return 0
    }
  }

  /// Stops the run where parts overlap, are out of order or not between delimiters, or hold one.
  static func check(_ parts: [Multipart.Part], _ bytes: RawSpan) {
    precondition(parts.count <= Multipart.partLimit)
    let body = bytes.withUnsafeBytes { Array($0) }
    let delimiter = Array("\r\n--limit".utf8)
    var end = 0
    for part in parts {
      precondition(part.range.lowerBound >= end && part.range.upperBound + delimiter.count <= body.count)
      precondition(body[part.range].firstRange(of: delimiter) == nil)
      precondition(body[part.range.upperBound...].starts(with: delimiter))
      end = part.range.upperBound + delimiter.count
    }
  }
}
