internal import CMicrohttpd
internal import Glibc

/// An answer that goes to the socket directly: libmicrohttpd takes none in the middle of a body.
struct LastWords {
  private let bytes: [UInt8]

  /// Renders the response to a problem; it closes the connection.
  init(_ response: Response, id: String) {
    let body: [UInt8] =
      switch response.content {
      case .bytes(let bytes): bytes
      case .text(let text): Array(text.utf8)
      default: []
      }
    var text =
      "HTTP/1.1 \(response.status) \(String(cString: MHD_get_reason_phrase_for(UInt32(response.status))))\r\n"
    text += "Date: \(LastWords.date)\r\nConnection: close\r\nRequest-Id: \(id)\r\n"
    for field in response.headers { text += "\(field.name): \(field.value)\r\n" }
    text += "Content-Length: \(body.count)\r\n\r\n"
    bytes = Array(text.utf8) + body
  }

  /// Sends without waiting. Nothing was sent for this request before, so the socket's buffer has room; where it has
  /// none the client is not reading, and learns from the closed connection.
  func send(to socket: Int32) {
    _ = Glibc.send(socket, bytes, bytes.count, Int32(MSG_NOSIGNAL) | Int32(MSG_DONTWAIT))
  }

  /// Sends on the session of a connection whose epoll thread this is.
  func sendTLS(on connection: OpaquePointer) { _ = mhd_send_tls(connection, bytes, bytes.count) }

  private static var date: String {
    var now = time(nil)
    var parts = tm()
    gmtime_r(&now, &parts)
    var text = [CChar](repeating: 0, count: 64)
    // The C locale's names of days and months are those of HTTP.
    strftime(&text, text.count, "%a, %d %b %Y %H:%M:%S GMT", &parts)
    return text.withUnsafeBufferPointer { String(cString: $0.baseAddress!) }
  }
}
