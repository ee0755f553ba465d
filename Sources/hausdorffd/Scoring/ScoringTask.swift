import HTTPServer
import Hausdorff

/// The scoring of one request's batch, item by item, on whichever workers take part.
///
/// It ends early where an item fails, the client has gone, or the deadline has passed.
final class ScoringTask: Sendable {
  private struct State {
    var scores: [Score?]
    var failure: Problem?
  }

  private let request: ScoreRequest
  private let responder: Responder
  private let deadline: ContinuousClock.Instant
  private let state: Locked<State>

  init(_ request: ScoreRequest, responder: Responder, deadline: ContinuousClock.Instant) {
    (self.request, self.responder, self.deadline) = (request, responder, deadline)
    state = Locked(State(scores: [Score?](repeating: nil, count: request.batch), failure: nil))
  }

  /// Scores some items, so that what surrounds each is paid for once.
  func score(items: Range<Int>) {
    guard state.withLock({ $0.failure == nil }) else { return }
    if let problem = ScoringTask.reasonToStop(responder, deadline) { return fail(problem) }
    var scores: [Score] = []
    scores.reserveCapacity(items.count)
    do throws(RequestError) {
      for item in items { scores.append(try request.score(item: item)) }
    } catch {
      return fail(Problem(error))
    }
    state.withLock { state in
      for (item, score) in zip(items, scores) { state.scores[item] = score }
    }
  }

  /// Answers, after the last item.
  func finish() {
    let (scores, failure) = state.withLock { ($0.scores, $0.failure) }
    if let failure {
      responder.respond(failure)
    } else {
      responder.respond(ScoreRoute.reply(to: request, scores: scores.compactMap { $0 }))
    }
  }

  /// A problem where the work is no longer wanted.
  static func reasonToStop(_ responder: Responder, _ deadline: ContinuousClock.Instant) -> Problem? {
    if responder.clientIsGone { return Problem(status: 503, detail: "The client has gone.") }
    guard ContinuousClock.now > deadline else { return nil }
    return Problem(
      status: 503, detail: "The request was not answered within its deadline.", headers: ["Retry-After": "1"])
  }

  private func fail(_ problem: Problem) {
    state.withLock { $0.failure = $0.failure ?? problem }
  }
}
