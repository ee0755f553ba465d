internal import CMicrohttpd
internal import Glibc

/// A bound and listening TCP socket; opened here rather than by libmicrohttpd, which does not tell why it failed.
struct ListeningSocket {
  let descriptor: Int32
  let port: Int

  /// Binds to an address, or the first of a name. getaddrinfo, socket, bind, listen
  init(host: String, port: Int) throws(ServerError) {
    var hints = addrinfo()
    hints.ai_flags = AI_PASSIVE | AI_NUMERICSERV
    hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
    var addresses: UnsafeMutablePointer<addrinfo>?
    guard getaddrinfo(host, String(port), &hints, &addresses) == 0, let address = addresses?.pointee else {
      throw ServerError(function: "getaddrinfo(\(host), \(port))", code: EINVAL)
    }
    defer { freeaddrinfo(addresses) }
    let type = Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue)
    let descriptor = try ServerError.check("socket", socket(address.ai_family, type, 0))
    do throws(ServerError) {
      var on: Int32 = 1
      var off: Int32 = 0
      let size = socklen_t(MemoryLayout<Int32>.size)
      try ServerError.check("setsockopt", setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &on, size))
      if address.ai_family == AF_INET6 {
        try ServerError.check(
          "setsockopt", setsockopt(descriptor, Int32(IPPROTO_IPV6), IPV6_V6ONLY, &off, size))
      }
      try ServerError.check(
        "bind to \(host), port \(port)", bind(descriptor, address.ai_addr, address.ai_addrlen))
      try ServerError.check("listen", listen(descriptor, 4096))
      var bound = sockaddr_in6()
      var length = socklen_t(MemoryLayout<sockaddr_in6>.size)
      let result = withUnsafeMutablePointer(to: &bound) {
        $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { getsockname(descriptor, $0, &length) }
      }
      try ServerError.check("getsockname", result)
      self.port = Int(UInt16(bigEndian: bound.sin6_port))
      self.descriptor = descriptor
    } catch {
      close(descriptor)
      throw error
    }
  }
}
