import Glibc

/// A raw socket to a server: sends bytes as they are, reads what comes.
final class RawClient {
  struct Failure: Error {}

  private let socket: Int32
  private var received: [UInt8] = []

  /// Raised, once, as far as it goes: some tests have a thousand clients.
  private static let descriptorLimit: rlim_t = {
    let resource = __rlimit_resource_t(7)  // RLIMIT_NOFILE
    var limits = rlimit()
    getrlimit(resource, &limits)
    limits.rlim_cur = limits.rlim_max
    setrlimit(resource, &limits)
    return limits.rlim_cur
  }()

  init(port: Int) throws {
    _ = RawClient.descriptorLimit
    socket = Glibc.socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
    guard socket != -1 else { throw Failure() }
    // Long enough for any machine: what hangs must end some time.
    var limit = timeval(tv_sec: 300, tv_usec: 0)
    for option in [SO_RCVTIMEO, SO_SNDTIMEO] {
      setsockopt(socket, SOL_SOCKET, option, &limit, socklen_t(MemoryLayout<timeval>.size))
    }
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
  func send(_ bytes: some Collection<UInt8>) -> Bool {
    let bytes = Array(bytes)
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

  /// Has the end of this client reset the connection.
  func resetAtEnd() {
    var linger = linger(l_onoff: 1, l_linger: 0)
    setsockopt(socket, SOL_SOCKET, SO_LINGER, &linger, socklen_t(MemoryLayout<linger>.size))
  }

  /// Whether any byte of an answer has been read.
  private(set) var hasReceived = false

  /// One reply, an interim one too; to a HEAD it has no body.
  func reply(toHead: Bool = false) throws -> HTTPReply {
    while received.firstRange(of: Array("\r\n\r\n".utf8)) == nil { try receive() }
    let end = received.firstRange(of: Array("\r\n\r\n".utf8))!
    var reply = HTTPReply(head: String(decoding: received[..<end.lowerBound], as: UTF8.self))
    received.removeSubrange(..<end.upperBound)
    let length = toHead || reply.status < 200 ? 0 : Int(reply.header("Content-Length") ?? "0") ?? 0
    while received.count < length { try receive() }
    reply.body = Array(received[..<length])
    received.removeSubrange(..<length)
    return reply
  }

  /// Whether the server closes the connection without another byte.
  func isClosed() -> Bool {
    guard received.isEmpty else { return false }
    var byte: UInt8 = 0
    let count = recv(socket, &byte, 1, 0)
    return count == 0 || count == -1 && errno == ECONNRESET
  }

  /// Whether the server closes the connection, whatever it sends before.
  func closesInTheEnd() -> Bool {
    repeat { received = [] } while (try? receive()) != nil
    return isClosed()
  }

  private func receive() throws {
    var buffer = [UInt8](repeating: 0, count: 65536)
    let count = recv(socket, &buffer, buffer.count, 0)
    guard count > 0 else { throw Failure() }
    hasReceived = true
    received += buffer[..<count]
  }
}

/// What a server answered.
struct HTTPReply: CustomStringConvertible {
  let status: Int
  let headers: [(name: String, value: String)]
  var body: [UInt8] = []

  init(head: String) {
    let lines = head.split(separator: "\r\n")
    status = Int(lines.first?.split(separator: " ").dropFirst().first ?? "") ?? 0
    headers = lines.dropFirst().map { line in
      let parts = line.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
      return (String(parts[0]), parts.count > 1 ? String(parts[1].drop { $0 == " " }) : "")
    }
  }

  var text: String { String(decoding: body, as: UTF8.self) }
  var json: JSON { JSON(body) }
  var description: String { "\(status) \(headers.map { "\($0.name): \($0.value)" }) \(text)" }

  func header(_ name: String) -> String? {
    headers.first { $0.name.lowercased() == name.lowercased() }?.value
  }
}
