import HTTPServer
import Hausdorff
import MaskFormats

/// `POST /v1/loss`
struct LossRoute: Sendable {
  let pool: ScoringPool
  let limits: FormatLimits

  private static let produces = [ArrayBody.jsonType, ArrayBody.rawType]

  var route: Route {
    Route(
      .post, "/v1/loss", consumes: ArrayBody.types, codings: Request.codings, produces: Self.produces,
      admit: { _ throws(Problem) in try pool.admit() },
      handle: { request in
        let deadline = ContinuousClock.now + pool.limits.deadline
        return .later { responder in
          pool.submit {
            do throws(Problem) {
              responder.respond(try answer(request) { responder.reasonToStop(deadline) })
            } catch {
              responder.respond(error)
            }
          }
        }
      })
  }

  /// - Parameter reasonToStop: tells why the work is no longer wanted; asked before each item.
  private func answer(
    _ request: Request, reasonToStop: @escaping @Sendable () -> Problem?
  ) throws(Problem) -> Response {
    if let problem = reasonToStop() { throw problem }
    let request = try request.unpacked(limits)
    let wantsBytes = request.answerType == ArrayBody.rawType
    let arrays = try ArrayBody.read(
      request, limits: limits, takesLabels: true, perform: pool.perform)
    let loss = try Problem.from { () throws(RequestError) in
      try LossRequest(arrays, wantsBytes: wantsBytes)
    }
    let reply = try loss.reply(to: request, on: pool, reasonToStop: reasonToStop)
    guard let response = wantsBytes ? reply.bytes : reply.json else { throw Problem.noRoom }
    return response
  }
}

extension LossRequest {
  /// The loss and its gradient, worked on by a pool, and counted among the bytes of its requests.
  ///
  /// - Parameters:
  ///   - answerBytes: what the answer takes besides.
  ///   - reasonToStop: tells why the work is no longer wanted; asked before each item.
  func reply(
    to request: Request, on pool: ScoringPool, answerBytes: Int = 0,
    reasonToStop: @escaping @Sendable () -> Problem?
  ) throws(Problem) -> LossReply {
    try request.reserve(workingBytes(workers: pool.limits.width) + answerBytes)
    let problem = Locked<Problem?>(nil)
    let reply = try Problem.from { () throws(RequestError) in
      try self.reply { count, each in
        pool.perform(count) { item in
          guard problem.withLock({ $0 == nil }) else { return }
          if let reason = reasonToStop() { return problem.withLock { $0 = reason } }
          each(item)
        }
      }
    }
    guard let reply else { throw problem.withLock { $0 } ?? Problem(status: 500) }
    return reply
  }
}
