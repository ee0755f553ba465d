/// A request method.
public enum Method: String, Sendable, CaseIterable {
  case get = "GET"
  case head = "HEAD"
  case post = "POST"
  case put = "PUT"
  case patch = "PATCH"
  case delete = "DELETE"
  case options = "OPTIONS"
  /// Any other; no route answers it.
  case other = ""

  init(_ name: UnsafePointer<CChar>) {
    let bytes = UnsafeRawPointer(name).assumingMemoryBound(to: UInt8.self)
    self = Method.allCases.first { $0.isSpelled(bytes) } ?? .other
  }

  private func isSpelled(_ bytes: UnsafePointer<UInt8>) -> Bool {
    var index = 0
    for byte in rawValue.utf8 {
      guard bytes[index] == byte else { return false }
      index += 1
    }
    return bytes[index] == 0
  }
}
