import Glibc
import Testing

/// A raw socket to a server under test: sends bytes as they are, reads what comes.
final class Client {
  struct Reply: CustomStringConvertible {
    var status = 0
    var headers: [(name: String, value: String)] = []
    var body: [UInt8] = []
    var text: String { String(decoding: body, as: UTF8.self) }
    var description: String { "\(status) \(headers) \(text)" }

    func header(_ name: String) -> String? {
      headers.first { $0.name.lowercased() == name.lowercased() }?.value
    }
  }

  struct Failure: Error {}

  let socket: Int32
  private var received: [UInt8] = []

  init(port: Int, receiveBuffer: Int32? = nil) throws {
    socket = Glibc.socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    guard socket != -1 else { throw Failure() }
    if var size = receiveBuffer { setsockopt(socket, SOL_SOCKET, SO_RCVBUF, &size, 4) }
    var limit = timeval(tv_sec: 300, tv_usec: 0)
    setsockopt(socket, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
    setsockopt(socket, SOL_SOCKET, SO_SNDTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = UInt16(port).bigEndian
    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    let result = withUnsafePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        connect(socket, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
      }
    }
    guard result == 0 else { throw Failure() }
  }

  deinit { close(socket) }

  /// Sends everything, or until the other side has closed; `false` then.
  @discardableResult
  func send(_ bytes: [UInt8]) -> Bool {
    var sent = 0
    while sent < bytes.count {
      let count = bytes[sent...].withUnsafeBytes {
        Glibc.send(socket, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
      }
      guard count > 0 else { return false }
      sent += count
    }
    return true
  }

  @discardableResult
  func send(_ text: String) -> Bool { send(Array(text.utf8)) }

  /// Ends the sending side only.
  func closeSending() { shutdown(socket, Int32(SHUT_WR)) }

  /// Closes with a reset instead of a farewell.
  func reset() {
    var linger = linger(l_onoff: 1, l_linger: 0)
    setsockopt(socket, SOL_SOCKET, SO_LINGER, &linger, socklen_t(MemoryLayout<linger>.size))
  }

  /// The head of a reply.
  func head() throws -> Reply {
    var reply = Reply()
    while true {
      guard let end = headEnd() else {
        try receive()
        continue
      }
      let lines = String(decoding: received[..<end], as: UTF8.self).split(separator: "\r\n")
      received.removeSubrange(..<(end + 4))
      reply.status = Int(lines[0].split(separator: " ")[1]) ?? 0
      reply.headers = lines.dropFirst().map { line in
        let parts = line.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        return (String(parts[0]), String(parts[1].drop { $0 == " " }))
      }
      return reply
    }
  }

  /// One reply; to a HEAD it has no body.
  func reply(toHead: Bool = false) throws -> Reply {
    var reply = try head()
    let length = toHead || reply.status < 200 ? 0 : Int(reply.header("Content-Length") ?? "0") ?? 0
    while received.count < length { try receive() }
    reply.body = Array(received[..<length])
    received.removeSubrange(..<length)
    return reply
  }

  /// The next chunk of a chunked body; empty at its end.
  func chunk() throws -> [UInt8] {
    while true {
      if let end = received.firstIndex(of: 10) {
        let size = Int(String(decoding: received[..<(end - 1)], as: UTF8.self), radix: 16)
        guard let size else { throw Failure() }
        while received.count < end + 1 + size + 2 { try receive() }
        let chunk = Array(received[(end + 1)...].prefix(size))
        received.removeSubrange(..<(end + 1 + size + 2))
        return chunk
      }
      try receive()
    }
  }

  /// So many bytes of a chunked body, or all to its end.
  func chunks(_ count: Int = .max) throws -> [UInt8] {
    var bytes: [UInt8] = []
    while bytes.count < count {
      let chunk = try chunk()
      if chunk.isEmpty { break }
      bytes += chunk
    }
    return bytes
  }

  /// Whether the server has closed the connection, and nothing but what was read has come.
  func isClosed() -> Bool {
    guard received.isEmpty else { return false }
    var byte: UInt8 = 0
    let count = recv(socket, &byte, 1, 0)
    return count == 0 || count == -1 && errno == ECONNRESET
  }

  /// Everything up to the end of the connection.
  func remainder() -> [UInt8] {
    while (try? receive()) != nil {}
    return received
  }

  /// Where the empty line behind a head begins.
  private func headEnd() -> Int? {
    received.withUnsafeBytes { bytes in
      var index = 0
      while index + 4 <= bytes.count, let base = bytes.baseAddress,
        let found = memchr(base + index, 13, bytes.count - index - 3)
      {
        index = UnsafeRawPointer(found) - base
        if memcmp(found, "\r\n\r\n", 4) == 0 { return index }
        index += 1
      }
      return nil
    }
  }

  private func receive() throws {
    let isOpen = withUnsafeTemporaryAllocation(byteCount: 64 << 10, alignment: 1) { buffer in
      let count = recv(socket, buffer.baseAddress, buffer.count, 0)
      if count > 0 { received.append(contentsOf: buffer[..<count]) }
      return count > 0
    }
    guard isOpen else { throw Failure() }
  }
}
