import HTTPServer
import Hausdorff
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

  private static let batch = TestMask(
    [3, 2, 40_000], (0..<240_000).map { $0 % 80_000 < 40_000 || $0 < 80_000 })

  private func sheet(_ prediction: TestMask) throws -> ScoreSheet {
    ScoreSheet(
      try ScoreRequest(
        TestMask(prediction.shape, prediction.points.map { _ in true }), prediction, [("metrics", "iou")]))
  }

  @Test func `A batch is put together in its order, whoever scores what when`() throws {
    let reply = try sheet(Self.batch).reply(perform: { count, each in
      for index in (0..<count).reversed() { each(index) }
    })
    #expect(reply.items.map { $0.score.values } == [[1], [0.5], [0.5]])
  }

  @Test func `A batch stops between items when it is no longer wanted`() throws {
    let asked = Locked(0)
    let problem = #expect(throws: Problem.self) {
      try sheet(Self.batch).reply(reasonToStop: {
        asked.withLock { asked in
          asked += 1
          return asked > 2 ? .clientHasGone : nil
        }
      })
    }
    // Before the pair and each of its items; the third item is not even asked about.
    #expect(problem?.status == 503 && asked.withLock { $0 } == 3)
  }

  @Test func `Pairs of a list are decoded in their turn, and no more of them once they are not wanted`()
    throws
  {
    let decoded = Locked(0)
    let request = try ScoreRequest(Self.batch, Self.batch, [("metrics", "iou")])
    let pair: ScoreSheet.Pair = {
      decoded.withLock { $0 += 1 }
      return .success(request)
    }
    let sheet = ScoreSheet(request.settings, list: Array(repeating: pair, count: 5), isJSON: true)
    let problem = #expect(throws: Problem.self) {
      try sheet.reply(reasonToStop: {
        decoded.withLock { $0 } == 2 ? .clientHasGone : nil
      })
    }
    #expect(problem?.status == 503 && decoded.withLock { $0 } == 2)
  }

  @Test func `A client that has gone, and a deadline that has passed, are reasons to stop`() throws {
    let held = Locked<Responder?>(nil)
    let server = try serve([
      Route(.get, "/hold") { _ in .later { responder in held.withLock { $0 = responder } } }
    ])
    var client: RawClient? = try RawClient(port: server.port)
    client?.send(HTTPRequest("GET", "/hold").bytes)
    #expect(eventually { held.withLock { $0 != nil } })
    let responder = try #require(held.withLock { $0.take() })
    #expect(responder.reasonToStop(.now + .seconds(600)) == nil)
    #expect(responder.reasonToStop(.now - .seconds(1))?.detail?.contains("deadline") == true)
    client = nil
    #expect(eventually { responder.clientIsGone })
    #expect(responder.reasonToStop(.now + .seconds(600))?.status == 503)
  }
}
