import Dispatch
import Glibc

@testable import HTTPServer

/// A server with routes that show what the tests look for.
final class TestServer: Sendable {
  let server: HTTPServer
  /// The responders of `/hold`, which nobody answers before the test does.
  let held: Locked<[Responder]>
  let admissions: Counters
  /// The thread that took the last `/hold`.
  let epollThread: Locked<pthread_t>
  var port: Int { server.port }
  private let threads: Int
  private let blocked = DispatchSemaphore(value: 0)
  private let released = DispatchSemaphore(value: 0)

  /// Raised, once, as far as it goes: a test with 1,000 connections has both ends of each.
  private static let descriptorLimit: rlim_t = {
    let resource = __rlimit_resource_t(7)  // RLIMIT_NOFILE
    var limits = rlimit()
    getrlimit(resource, &limits)
    limits.rlim_cur = limits.rlim_max
    setrlimit(resource, &limits)
    return limits.rlim_cur
  }()

  /// `routes` come before the others.
  init(
    routes: [Route] = [], problemForms: [ProblemForm] = [],
    _ configure: (inout ServerConfiguration) -> Void = { _ in }
  ) throws {
    _ = TestServer.descriptorLimit
    var configuration = ServerConfiguration()
    configuration.port = 0
    configure(&configuration)
    threads = configuration.threads
    let (blocked, released) = (blocked, released)
    let held = Locked<[Responder]>([])
    let admissions = Counters()
    let epollThread = Locked(pthread_self())
    self.epollThread = epollThread
    self.held = held
    self.admissions = admissions
    let queue = DispatchQueue(label: "worker", attributes: .concurrent)
    let echo: @Sendable (Request) -> Response = {
      Response(contentType: "application/octet-stream", content: .body($0.body))
    }
    let common: [Route] = [
      Route(.get, "/hello", produces: ["text/plain"]) { _ in
        .now(Response(contentType: "text/plain", content: .constant("hello")))
      },
      Route(.get, "/query") { request in
        .now(.json(.text(request.head.query.map { "\($0.name)=\($0.value)" }.joined(separator: "|"))))
      },
      Route(.get, "/head") { request in
        let head = request.head
        let lines = [
          head.path, head.peer.description, head.peer.port > 0 ? "port" : "", head.header("x-one") ?? "",
          head.headers.map { "\($0.name)=\($0.value)" }.joined(separator: ";"),
        ]
        return .now(.json(.text(lines.joined(separator: "|"))))
      },
      Route(.get, "/later") { _ in
        .later { responder in queue.async { responder.respond(.json(.text("later"))) } }
      },
      Route(.get, "/hold") { _ in
        epollThread.withLock { $0 = pthread_self() }
        return .later { responder in held.withLock { $0.append(responder) } }
      },
      Route(.get, "/block", produces: ["text/plain"]) { _ in
        blocked.signal()
        released.wait()
        return .now(Response(contentType: "text/plain", content: .constant("released")))
      },
      Route(.get, "/drop") { _ in .later { _ in } },
      Route(.get, "/twice") { _ in
        .later { responder in
          let first = responder.respond(.json(.text("first")))
          let second = responder.respond(.json(.text("second")))
          precondition(first && !second)
        }
      },
      Route(.get, "/jobs/{id}") { .now(.json(.text($0.pathParameters["id"]))) },
      Route(.delete, "/jobs/{id}") { _ in .now(Response(status: 204)) },
      Route(.post, "/jobs/{id}/cancel") { request in .now(.json(.text("\(request.body.count)"))) },
      Route(.post, "/echo", consumes: ["application/octet-stream"], produces: []) { .now(echo($0)) },
      Route(.post, "/echo/later", consumes: ["application/octet-stream"], produces: []) { request in
        .later { responder in queue.async { responder.respond(echo(request)) } }
      },
      Route(.post, "/json", consumes: ["application/json", "multipart/form-data"]) { request in
        .now(.json(.text(request.head.contentType?.name ?? "none")))
      },
      Route(.post, "/small", consumes: ["application/octet-stream"], maximumBody: 1000) { .now(echo($0)) },
      Route(
        .post, "/admitted", consumes: ["application/octet-stream"], produces: [],
        admit: { _ in admissions.admission() }, handle: { .now(echo($0)) }),
      Route(
        .post, "/admitted/hold", consumes: ["application/octet-stream"], produces: [],
        admit: { _ in admissions.admission() },
        handle: { request in .later { responder in held.withLock { $0.append(responder) } } }),
      Route(
        .post, "/refused", consumes: ["application/octet-stream"],
        admit: { _ throws(Problem) in throw Problem(status: 429, headers: ["Retry-After": "7"]) },
        handle: { _ in .now(.json(.text("never"))) }),
      Route(.get, "/fails") { _ throws(Problem) in
        throw Problem(
          status: 422, detail: "a \"quoted\"\nline", type: "urn:test",
          errors: [
            .init(.parameter("shape"), "not a shape"), .init(.pointer("/y_true"), "missing"),
          ])
      },
    ]
    server = try HTTPServer(
      configuration: configuration, router: Router(routes + common, problemForms: problemForms))
  }

  /// Runs `body` while no thread reads a socket: all that is sent meanwhile has arrived when one looks. Returns the clients
  /// whose requests held the threads up; each has an answer coming.
  @discardableResult
  func whileBlocked(_ body: () -> Void) throws -> [Client] {
    // Connections go to the threads in turn.
    let clients = try (0..<threads).map { _ in try Client(port: port) }
    for client in clients {
      client.send(get("/block"))
      blocked.wait()
    }
    body()
    for _ in clients { released.signal() }
    return clients
  }

  /// Takes the held responders away from the server, which they retain.
  func takeHeld() -> [Responder] {
    held.withLock { held in
      defer { held = [] }
      return held
    }
  }

  /// What `/admitted` requests hold.
  final class Counters: Sendable {
    struct Values {
      var open = 0
      var made = 0
      var reserved = 0
      var limit = Int.max
    }
    let values = Locked(Values())
    func admission() -> TestAdmission {
      values.withLock {
        $0.open += 1
        $0.made += 1
      }
      return TestAdmission(self)
    }
    var isEverythingGivenBack: Bool { values.withLock { $0.open == 0 && $0.reserved == 0 } }
  }

  final class TestAdmission: Admission {
    private let counters: Counters
    private let mine = Locked(0)
    init(_ counters: Counters) { self.counters = counters }
    deinit {
      let mine = mine.withLock { $0 }
      counters.values.withLock {
        $0.open -= 1
        $0.reserved -= mine
      }
    }
    func hasRoom(forBytes count: Int) -> Bool {
      counters.values.withLock { count <= $0.limit - $0.reserved }
    }
    func reserve(bytes: Int) -> Bool {
      let granted = counters.values.withLock { values in
        guard values.reserved + bytes <= values.limit else { return false }
        values.reserved += bytes
        return true
      }
      if granted { mine.withLock { $0 += bytes } }
      return granted
    }
    func release(bytes: Int) {
      mine.withLock { $0 -= bytes }
      counters.values.withLock { $0.reserved -= bytes }
    }
  }
}

/// Waits until something becomes true; gives up after five minutes.
func eventually(_ condition: () -> Bool) -> Bool {
  for _ in 0..<60_000 {
    if condition() { return true }
    usleep(5000)
  }
  return false
}

/// A POST of octets with its head.
func post(_ path: String, _ body: [UInt8], _ headers: String = "") -> [UInt8] {
  Array(
    """
    POST \(path) HTTP/1.1\r\nHost: test\r\nContent-Type: application/octet-stream\r\n\
    Content-Length: \(body.count)\r\n\(headers)\r\n
    """.utf8) + body
}

/// A GET with its head.
func get(_ target: String, _ headers: String = "", method: String = "GET") -> String {
  "\(method) \(target) HTTP/1.1\r\nHost: test\r\n\(headers)\r\n"
}

/// Bytes that do not repeat within 64 KiB; quick in a debug build under a sanitizer, too.
func pattern(_ count: Int) -> [UInt8] {
  var bytes: [UInt8] = []
  bytes.reserveCapacity(count + block.count)
  while bytes.count < count { bytes.append(contentsOf: block) }
  bytes.removeLast(bytes.count - count)
  return bytes
}

private let block: [UInt8] = {
  var state: UInt32 = 1
  return (0..<65_521).map { _ in
    state = state &* 1_664_525 &+ 1_013_904_223
    return UInt8(state >> 24)
  }
}()
