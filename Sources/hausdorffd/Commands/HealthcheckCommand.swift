import ArgumentParser
import Glibc

/// `hausdorffd healthcheck`
struct HealthcheckCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "healthcheck", abstract: "Ask a server on this machine whether it is ready.",
    discussion: "Ends with status 0 if it is, with 1 and the reason otherwise. For containers without curl.")

  /// The options that are also read from the environment.
  static let environmentOptions = ["host", "port", "admin-port", "admin-host"]

  @Option(help: "The address that the server listens on.")
  var host = "127.0.0.1"
  @Option(help: "The port that it listens on.")
  var port = 8080
  @Option(help: "The port of its health and metrics, where it has such; asked instead of --port.")
  var adminPort: Int?
  @Option(help: "The address of that port. (default: --host)")
  var adminHost: String?
  @Option(help: "What to ask: /readyz or /livez.")
  var path = "/readyz"
  @Option(help: "Seconds to wait for an answer.")
  var timeout = 3

  func validate() throws {
    for (name, port) in [("port", port), ("admin-port", adminPort ?? 1)] where !(1...65535).contains(port) {
      throw ValidationError("--\(name) must be 1 to 65535, not \(port)")
    }
    guard (1...3600).contains(timeout) else {
      throw ValidationError("--timeout must be 1 to 3600, not \(timeout)")
    }
    guard path.utf8.first == UInt8(ascii: "/"), path.utf8.allSatisfy({ (33...126).contains($0) }) else {
      throw ValidationError("--path must be a path, as in /readyz")
    }
  }

  func run() throws {
    let answer = try ask()
    guard answer.hasPrefix("HTTP/1.1 200 ") else {
      // The answer's first line, and its last, which tells the reason.
      let lines = answer.split(whereSeparator: \.isNewline)
      let told = lines.prefix(1) + lines.dropFirst().suffix(1)
      throw Output.failure("not healthy: " + (told.isEmpty ? "no answer" : told.joined(separator: ": ")))
    }
  }

  private func ask() throws -> String {
    // An address that stands for all is asked at the loopback.
    let host = adminPort == nil ? host : adminHost ?? host
    let address = ["0.0.0.0": "127.0.0.1", "::": "::1"][host] ?? host
    var hints = addrinfo()
    hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
    var found: UnsafeMutablePointer<addrinfo>?
    let status = getaddrinfo(address, String(adminPort ?? port), &hints, &found)
    guard status == 0, let found else {
      throw Output.failure("\(address): \(String(cString: gai_strerror(status)))")
    }
    defer { freeaddrinfo(found) }
    let descriptor = socket(found.pointee.ai_family, found.pointee.ai_socktype, 0)
    guard descriptor >= 0 else { throw Output.failure(reason) }
    defer { close(descriptor) }
    var limit = timeval(tv_sec: timeout, tv_usec: 0)
    for option in [SO_RCVTIMEO, SO_SNDTIMEO] {
      setsockopt(descriptor, SOL_SOCKET, option, &limit, socklen_t(MemoryLayout<timeval>.size))
    }
    guard connect(descriptor, found.pointee.ai_addr, found.pointee.ai_addrlen) == 0 else {
      throw Output.failure(reason)
    }
    let request =
      "GET \(path) HTTP/1.1\r\nHost: \(address.contains(":") ? "[\(address)]" : address)\r\nConnection: close\r\n\r\n"
    guard send(descriptor, request, request.utf8.count, Int32(MSG_NOSIGNAL)) == request.utf8.count else {
      throw Output.failure(reason)
    }
    var answer = [UInt8](repeating: 0, count: 4096)
    let count = recv(descriptor, &answer, answer.count, Int32(MSG_WAITALL))
    guard count >= 0 else { throw Output.failure(reason) }
    return String(decoding: answer.prefix(count), as: UTF8.self)
  }

  private var reason: String { "port \(adminPort ?? port): \(String(cString: strerror(errno)))" }
}
