import HTTPServer
import Hausdorff

/// The pairs of arrays of one request, to be scored on whichever workers take part.
struct ScoreSheet: Sendable {
  /// Decodes a pair, when its turn comes.
  typealias Pair = @Sendable () -> Result<ScoreRequest, Problem>

  let settings: ScoreSettings
  /// Whether it is scored sooner than handed to a worker.
  let isQuick: Bool
  private let pairs: [Pair]
  /// Whether pairs were sent as a list: then one that cannot be scored is told in its place, and the rest is scored.
  let isList: Bool
  private let isJSON: Bool

  /// The sheet of a single pair.
  init(_ request: ScoreRequest) {
    (settings, isJSON) = (request.settings, request.arrays.isJSON)
    isQuick = request.isQuick && request.settings.slice == nil
    (pairs, isList) = ([{ .success(request) }], false)
  }

  init(_ settings: ScoreSettings, list: [Pair], isJSON: Bool) {
    (self.settings, pairs, isList, self.isJSON, isQuick) = (settings, list, true, isJSON, false)
  }

  /// Scores what is quick, here and now, without what several threads need.
  func replyAtOnce() throws(Problem) -> ScoreReply {
    precondition(isQuick, "only what is quick is scored at once")
    let request = try pairs[0]().get()
    return try Problem.from { () throws(RequestError) in
      let plan = try request.plan()
      let scores = try plan.items.indices.map { (item) throws(RequestError) in
        try plan.score(item, perform: Score.inTurn)
      }
      let pair = ScoreReply.Pair.scored(ScoreReply.Scored(plan, scores))
      let reply = try ScoreReply(settings, [pair], isList: false, isJSON: isJSON)
      ScoreMetrics.count(reply)
      return reply
    }
  }

  /// The request of a pair that was not sent as a list.
  func single() throws(Problem) -> ScoreRequest {
    guard !isList else {
      let location =
        isJSON ? .pointer("/" + ScoreRoute.listName) : ArrayName.prediction.location(json: false)
      throw Problem(RequestError(location, "is of a list of pairs: a picture is of one pair of masks"))
    }
    return try pairs[0]().get()
  }

  /// Scores everything.
  ///
  /// - Parameter reasonToStop: tells why the work is no longer wanted; asked before each share of it.
  func reply(
    reasonToStop: @escaping @Sendable () -> Problem? = { nil },
    perform: @escaping Score.Perform = Score.inTurn
  ) throws(Problem) -> ScoreReply {
    if let slice = settings.slice {
      throw Problem(
        RequestError(
          slice.location, "is for pictures: with Accept: image/png, that slice of a volume is drawn"))
    }
    let work = Work(pairs: pairs, isList: isList, reasonToStop: reasonToStop, perform: perform)
    let outcomes = try work.outcomes()
    return try Problem.from { () throws(RequestError) in
      let reply = try ScoreReply(settings, outcomes, isList: isList, isJSON: isJSON)
      ScoreMetrics.count(reply)
      return reply
    }
  }

  /// One go over the pairs.
  private struct Work: Sendable {
    let pairs: [Pair]
    let isList: Bool
    let reasonToStop: @Sendable () -> Problem?
    let perform: Score.Perform
    private let results: Locked<[ScoreReply.Pair?]>
    private let stop = Locked<Problem?>(nil)
    private let itemCount = Locked(0)

    init(
      pairs: [Pair], isList: Bool, reasonToStop: @escaping @Sendable () -> Problem?,
      perform: @escaping Score.Perform
    ) {
      (self.pairs, self.isList, self.reasonToStop, self.perform) = (pairs, isList, reasonToStop, perform)
      results = Locked([ScoreReply.Pair?](repeating: nil, count: pairs.count))
    }

    func outcomes() throws(Problem) -> [ScoreReply.Pair] {
      perform(pairs.count) { number in
        do throws(Problem) {
          let result = try score(pairs[number])
          results.withLock { $0[number] = result }
        } catch {
          guard isList, stop.withLock({ $0 == nil }) else { return stop.withLock { $0 = $0 ?? error } }
          results.withLock { $0[number] = .refused(error) }
        }
      }
      if let reason = stop.withLock({ $0 }) { throw reason }
      return results.withLock { $0.compactMap { $0 } }
    }

    /// - Throws: what is at fault with the pair; nothing that was decoded of it is kept.
    private func score(_ pair: Pair) throws(Problem) -> ScoreReply.Pair {
      try checkIsWanted()
      let request = try pair().get()
      let plan = try Problem.from { () throws(RequestError) in try request.plan() }
      try count(plan)
      let scores = Locked([Score?](repeating: nil, count: plan.items.count))
      let failure = Locked<Problem?>(nil)
      let shares = plan.shares
      let each: @Sendable (Int) -> Void = { index in
        guard failure.withLock({ $0 == nil }) else { return }
        do throws(Problem) {
          try checkIsWanted()
          let found = try Problem.from { () throws(RequestError) in
            try shares[index].map { (item) throws(RequestError) in try plan.score(item, perform: perform) }
          }
          scores.withLock { for (item, score) in zip(shares[index], found) { $0[item] = score } }
        } catch {
          failure.withLock { $0 = $0 ?? error }
        }
      }
      if shares.count == 1 { each(0) } else { perform(shares.count, each) }
      if let failure = failure.withLock({ $0 }) { throw failure }
      return .scored(ScoreReply.Scored(plan, scores.withLock { $0.compactMap { $0 } }))
    }

    private func checkIsWanted() throws(Problem) {
      if let reason = stop.withLock({ $0 }) { throw reason }
      guard let reason = reasonToStop() else { return }
      stop.withLock { $0 = reason }
      throw reason
    }

    /// - Throws: where the items of all pairs are more than can be answered, which ends the request.
    private func count(_ plan: ScorePlan) throws(Problem) {
      let metrics = max(1, plan.request.settings.metrics.count)
      let isOver = itemCount.withLock { count in
        count += plan.items.count
        return count > ArrayPair.maximumValues / metrics
      }
      guard isOver else { return }
      let error = Problem(
        RequestError(
          plan.request.arrays.location(.prediction),
          "makes too many items: with \(metrics) metrics at most \(ArrayPair.maximumValues / metrics) can be answered at once"
        ))
      stop.withLock { $0 = $0 ?? error }
      throw error
    }
  }
}

extension ScorePlan {
  /// Points of an item from which on it is a share of the work by itself, so that small ones do not pay for the division.
  private static let sharePoints = 64 << 10

  /// Ranges of neighbouring items.
  fileprivate var shares: [Range<Int>] {
    let size = max(1, Self.sharePoints / request.arrays.points)
    return stride(from: 0, to: items.count, by: size).map { $0..<min($0 + size, items.count) }
  }
}
