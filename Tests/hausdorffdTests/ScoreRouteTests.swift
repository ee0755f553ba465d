import HTTPServer
import MaskFormats
import Testing

@testable import HTTPServer
@testable import hausdorffd

/// The route in a server of this process: deadlines, and batches of which something goes wrong.
struct ScoreRouteTests {
  /// Too much to be scored on the thread that receives it.
  private static let large = HTTPRequest.score(
    query: "shape=4,256,256&metrics=dice", octets: [UInt8](repeating: 1, count: 2 * 4 * 256 * 256))

  private func serve(_ routes: [Route]) throws -> HTTPServer {
    var configuration = ServerConfiguration()
    configuration.port = 0
    return try HTTPServer(configuration: configuration, router: Router(routes))
  }

  private func serve(deadline: Duration) throws -> (HTTPServer, ScoringPool) {
    var limits = ScoringPool.Limits()
    limits.deadline = deadline
    let pool = ScoringPool(limits: limits)
    return (try serve([ScoreRoute(pool: pool, limits: FormatLimits()).route]), pool)
  }

  @Test func `A request past its deadline is answered 503, one in time is scored`() throws {
    for (deadline, status) in [(Duration.seconds(-1), 503), (.seconds(600), 200)] {
      let (server, pool) = try serve(deadline: deadline)
      let client = try RawClient(port: server.port)
      client.send(Self.large.bytes)
      let reply = try client.reply()
      #expect(reply.status == status, "\(reply)")
      if status == 503 {
        expectProblem(reply, 503, .none)
        #expect(reply.header("Retry-After") == "1" && reply.text.contains("deadline"))
      }
      #expect(eventually { pool.requestCount == 0 })
    }
  }

  /// A task over a request that nobody but the test works on.
  private func task(
    deadline: Duration = .seconds(600), _ prediction: TestMask,
    _ check: (ScoringTask, Responder, inout RawClient?) throws -> Void
  ) throws {
    let held = Locked<Responder?>(nil)
    let server = try serve([
      Route(.get, "/hold") { _ in .later { responder in held.withLock { $0 = responder } } }
    ])
    var client: RawClient? = try RawClient(port: server.port)
    client?.send(HTTPRequest("GET", "/hold").bytes)
    #expect(eventually { held.withLock { $0 != nil } })
    let responder = try #require(held.withLock { $0.take() })
    let request = try ScoreRequest(
      TestMask(prediction.shape, prediction.points.map { _ in true }), prediction, [("metrics", "iou")])
    let task = ScoringTask(request, responder: responder, deadline: .now + deadline)
    try check(task, responder, &client)
  }

  private static let batch = TestMask(
    [3, 1, 2], [true, true, true, false, true, false])

  @Test func `A batch is put together in its order, whoever scores what when`() throws {
    try task(Self.batch) { task, _, client in
      for items in [2..<3, 0..<1, 1..<2] { task.score(items: items) }
      task.finish()
      let items = try client?.reply().json["items"]
      #expect((0..<3).map { items?[$0]["iou"] } == [1, 0.5, 0.5])
    }
  }

  @Test func `A batch stops between items when its deadline has passed`() throws {
    try task(deadline: .seconds(-1), Self.batch) { task, _, client in
      for item in 0..<3 { task.score(items: item..<item + 1) }
      task.finish()
      let reply = try client?.reply()
      #expect(reply?.status == 503 && reply?.header("Retry-After") == "1")
    }
  }

  @Test func `A batch stops when its client has gone`() throws {
    try task(Self.batch) { task, responder, client in
      task.score(items: 0..<1)
      client = nil
      #expect(eventually { responder.clientIsGone })
      #expect(ScoringTask.reasonToStop(responder, .now + .seconds(600))?.status == 503)
      for item in 1..<3 { task.score(items: item..<item + 1) }
      task.finish()
    }
  }
}
