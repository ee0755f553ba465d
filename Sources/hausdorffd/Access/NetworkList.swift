import Glibc

/// IPv4 and IPv6 networks, such as `10.0.0.0/8, ::1`.
struct NetworkList: Sendable {
  private struct Network: Sendable {
    let address: [UInt8]
    let prefix: Int
  }

  private let networks: [Network]

  /// Reads addresses and CIDR networks, comma-separated; nil where one is none.
  init?(_ text: String) {
    var networks: [Network] = []
    for part in text.split(separator: ",") {
      let words = part.split(separator: "/", omittingEmptySubsequences: false)
      let name = String(words[0].trimmingBlanks)
      guard words.count <= 2, let address = Self.bytes(name) else { return nil }
      // IPv4 is kept as IPv4-mapped IPv6.
      let width = name.contains(":") ? 128 : 32
      var prefix = width
      if words.count == 2 {
        guard let given = Int(words[1].trimmingBlanks), (0...width).contains(given) else { return nil }
        prefix = given
      }
      networks.append(Network(address: address, prefix: 128 - width + prefix))
    }
    self.networks = networks
  }

  var isEmpty: Bool { networks.isEmpty }

  func contains(_ address: String) -> Bool {
    guard let bytes = Self.bytes(address) else { return false }
    return networks.contains { network in
      (0..<16).allSatisfy { index in
        let bits = min(8, max(0, network.prefix - 8 * index))
        return (bytes[index] ^ network.address[index]) >> (8 - UInt8(bits)) == 0
      }
    }
  }

  /// The client of a request that came from `peer`: the last of the forwarded addresses that is no proxy of the list. A peer that
  /// is none says nothing that counts.
  func client(peer: String, forwardedFor: [String]) -> String {
    guard contains(peer) else { return peer }
    var client = peer
    for entry in forwardedFor.joined(separator: ",").split(separator: ",").reversed() {
      // What a trusted proxy did not write as an address is not believed, nor what stands before it.
      guard let address = Self.address(String(entry.trimmingBlanks)) else { return client }
      client = address
      guard contains(address) else { return client }
    }
    return client
  }

  /// An address, without the port and brackets that some proxies add; nil where it is none.
  private static func address(_ text: String) -> String? {
    if let address = canonical(text) { return address }
    if text.hasPrefix("["), let end = text.firstIndex(of: "]") {
      return canonical(String(text[text.index(after: text.startIndex)..<end]))
    }
    let parts = text.split(separator: ":")
    return parts.count == 2 ? canonical(String(parts[0])) : nil
  }

  /// The one spelling of an address, IPv4 for an IPv4-mapped one; nil where it is none.
  private static func canonical(_ text: String) -> String? {
    guard let bytes = bytes(text) else { return nil }
    let isMapped = bytes[..<10].allSatisfy { $0 == 0 } && bytes[10] == 0xFF && bytes[11] == 0xFF
    if isMapped { return bytes[12...].map { "\($0)" }.joined(separator: ".") }
    var name = [CChar](repeating: 0, count: Int(INET6_ADDRSTRLEN))
    guard inet_ntop(AF_INET6, bytes, &name, socklen_t(name.count)) != nil else { return nil }
    return name.withUnsafeBufferPointer { String(cString: $0.baseAddress!) }
  }

  /// The first 64 bits of an IPv6 address as text; nil for anything else.
  static func prefix64(of address: String) -> String? {
    guard address.contains(":"), let bytes = bytes(address) else { return nil }
    return stride(from: 0, to: 8, by: 2).map { String(Int(bytes[$0]) << 8 | Int(bytes[$0 + 1]), radix: 16) }
      .joined(separator: ":") + "::/64"
  }

  private static func bytes(_ text: String) -> [UInt8]? {
    var bytes = [UInt8](repeating: 0, count: 16)
    if inet_pton(AF_INET6, text, &bytes) == 1 { return bytes }
    var short = [UInt8](repeating: 0, count: 4)
    guard inet_pton(AF_INET, text, &short) == 1 else { return nil }
    return [UInt8](repeating: 0, count: 10) + [0xFF, 0xFF] + short
  }
}

extension Substring {
  fileprivate var trimmingBlanks: Substring {
    var text = self
    while let first = text.first, first == " " || first == "\t" { text.removeFirst() }
    while let last = text.last, last == " " || last == "\t" { text.removeLast() }
    return text
  }
}
