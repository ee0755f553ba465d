internal import CMicrohttpd
internal import Glibc

/// The network address of a client.
public struct PeerAddress: Sendable, CustomStringConvertible {
  private let storage: sockaddr_in6
  private let isVersion4: Bool

  init(_ address: UnsafePointer<sockaddr>?) {
    var storage = sockaddr_in6()
    isVersion4 = address?.pointee.sa_family == sa_family_t(AF_INET)
    if let address {
      let size = isVersion4 ? MemoryLayout<sockaddr_in>.size : MemoryLayout<sockaddr_in6>.size
      withUnsafeMutableBytes(of: &storage) {
        $0.copyMemory(from: UnsafeRawBufferPointer(start: address, count: size))
      }
    }
    self.storage = storage
  }

  /// The TCP port.
  public var port: Int { Int(UInt16(bigEndian: storage.sin6_port)) }

  /// The address without the port, such as `127.0.0.1` or `::1`; an IPv4 client of a dual-stack server is shown as
  /// IPv4.
  public var description: String {
    var storage = storage
    return withUnsafeBytes(of: &storage) { bytes in
      let offset = isVersion4 ? 4 : 8
      var text = [CChar](repeating: 0, count: Int(INET6_ADDRSTRLEN))
      let address = bytes.baseAddress! + offset
      guard inet_ntop(isVersion4 ? AF_INET : AF_INET6, address, &text, socklen_t(text.count)) != nil else {
        return "unknown"
      }
      let name = text.withUnsafeBufferPointer { String(cString: $0.baseAddress!) }
      return name.hasPrefix("::ffff:") ? String(name.dropFirst(7)) : name
    }
  }
}
