import HTTPServer
import Hausdorff
import MaskFormats

/// `POST /v1/score`
struct ScoreRoute: Sendable {
  let pool: ScoringPool
  let limits: FormatLimits

  /// Bodies of other kinds than raw arrays are read on the thread that received them up to this many bytes, also decoded.
  static let smallBytes = 16 << 10

  var route: Route {
    Route(
      .post, "/v1/score",
      consumes: ArrayBody.types,
      admit: { _ throws(Problem) in try pool.admit() },
      handle: { request throws(Problem) in try answer(request) })
  }

  /// Scores that take less than the way to a worker and back are made on the thread that received the request.
  private func answer(_ request: Request) throws(Problem) -> Answer {
    let known = try readAtOnce(request)
    if let known, known.isQuick { return .now(Self.reply(to: known, scores: try Self.scores(known))) }
    let deadline = ContinuousClock.now + pool.limits.deadline
    return .later { responder in
      pool.submit { work(on: request, known, responder, deadline) }
    }
  }

  /// The request, where reading it takes next to no time.
  private func readAtOnce(_ request: Request) throws(Problem) -> ScoreRequest? {
    if request.mediaType == ArrayBody.rawType {
      return try read(request, limits)
    }
    // Files may take long to decode, however small.
    guard request.body.count <= Self.smallBytes, request.mediaType == ArrayBody.jsonType else {
      return nil
    }
    var small = limits
    small.maximumBytes = Self.smallBytes
    small.decodesFiles = false
    do throws(Problem) {
      return try read(request, small)
    } catch {
      // Larger when decoded: a worker reads it.
      if error.status == 413 { return nil }
      throw error
    }
  }

  private func read(_ request: Request, _ limits: FormatLimits) throws(Problem) -> ScoreRequest {
    let arrays = try ArrayBody.read(request, limits: limits)
    return try Problem.from { () throws(RequestError) in try ScoreRequest(arrays) }
  }

  private func work(
    on request: Request, _ known: ScoreRequest?, _ responder: Responder, _ deadline: ContinuousClock.Instant
  ) {
    if let problem = ScoringTask.reasonToStop(responder, deadline) {
      responder.respond(problem)
      return
    }
    do throws(Problem) {
      let request = if let known { known } else { try read(request, limits) }
      guard request.batch > 1 else {
        responder.respond(Self.reply(to: request, scores: try Self.scores(request)))
        return
      }
      let task = ScoringTask(request, responder: responder, deadline: deadline)
      // Shares of about 64 Ki points, so that small items do not pay for the division of labour.
      let share = max(1, (64 << 10) / request.arrays.points)
      pool.spread((request.batch + share - 1) / share) { index in
        task.score(items: index * share..<min((index + 1) * share, request.batch))
      } finish: {
        task.finish()
      }
    } catch {
      responder.respond(error)
    }
  }

  /// Scores every item, one after another.
  static func scores(_ request: ScoreRequest) throws(Problem) -> [Score] {
    try Problem.from { () throws(RequestError) in
      try (0..<request.batch).map { (item) throws(RequestError) in try request.score(item: item) }
    }
  }

  static func reply(to request: ScoreRequest, scores: [Score]) -> Response {
    do throws(RequestError) {
      return .json(.bytes(try ScoreReply(request: request, scores: scores).json))
    } catch {
      return Response(Problem(error))
    }
  }
}
