import HTTPServer
import Hausdorff

/// The pairs of arrays of one request, to be scored item by item on whichever workers take part.
struct ScoreSheet: Sendable {
  /// Calls a closure with 0..<count, on several threads perhaps, and returns behind the last call.
  typealias Perform = (_ count: Int, _ each: @escaping @Sendable (Int) -> Void) -> Void

  enum Pair: Sendable {
    case ready(ScoreRequest)
    case refused(Problem)
  }

  let settings: ScoreSettings
  let pairs: [Pair]
  /// Whether pairs were sent as a list: then one that cannot be scored is told in its place, and the rest is scored.
  let isList: Bool
  let isJSON: Bool

  /// The sheet of a single pair.
  init(_ request: ScoreRequest) {
    (settings, pairs, isList, isJSON) = (request.settings, [.ready(request)], false, request.arrays.isJSON)
  }

  init(_ settings: ScoreSettings, list: [Pair], isJSON: Bool) {
    (self.settings, pairs, isList, self.isJSON) = (settings, list, true, isJSON)
  }

  /// Whether it is scored sooner than handed to a worker.
  var isQuick: Bool {
    if case .ready(let request) = pairs[0] { pairs.count == 1 && request.isQuick } else { false }
  }

  /// Points of an item from which on it is a share of the work by itself.
  private static let sharePoints = 64 << 10

  /// Scores everything.
  ///
  /// - Parameter reasonToStop: tells why the work is no longer wanted; asked before each share.
  func reply(
    reasonToStop: @escaping @Sendable () -> Problem? = { nil },
    perform: Perform = { count, each in for index in 0..<count { each(index) } }
  ) throws(Problem) -> ScoreReply {
    let outcomes = Locked([Outcome](repeating: .waiting, count: pairs.count))
    let stop = Locked<Problem?>(nil)
    let isWanted: @Sendable () -> Bool = {
      if stop.withLock({ $0 != nil }) { return false }
      guard let reason = reasonToStop() else { return true }
      stop.withLock { $0 = reason }
      return false
    }
    perform(pairs.count) { [pairs] number in
      guard isWanted() else { return }
      let outcome = Self.begin(pairs[number])
      outcomes.withLock { $0[number] = outcome }
    }
    let plans = outcomes.withLock { $0 }
    let shares = plans.enumerated().flatMap { number, outcome in
      outcome.shares(ofPoints: Self.sharePoints).map { (number, $0) }
    }
    perform(shares.count) { index in
      let (number, items) = shares[index]
      guard isWanted(), case .planned(let plan, _) = plans[number] else { return }
      do throws(RequestError) {
        var scores: [Score] = []
        scores.reserveCapacity(items.count)
        for item in items { scores.append(try plan.score(item)) }
        outcomes.withLock { $0[number].add(scores, at: items.lowerBound) }
      } catch {
        outcomes.withLock { $0[number] = .refused(Problem(error)) }
      }
    }
    if let reason = stop.withLock({ $0 }) { throw reason }
    var results: [ScoreReply.Pair] = []
    for outcome in outcomes.withLock({ $0 }) { results.append(try result(of: outcome)) }
    let count = results.reduce(0) { if case .scored(let plan, _) = $1 { $0 + plan.items.count } else { $0 } }
    return try Problem.from { () throws(RequestError) in
      guard count * settings.metrics.count <= ArrayPair.maximumValues else {
        throw RequestError(
          ArrayName.prediction.location(json: isJSON),
          "makes \(count) items; with \(settings.metrics.count) metrics at most \(ArrayPair.maximumValues / settings.metrics.count) can be answered at once"
        )
      }
      return try ScoreReply(settings, results, isList: isList, isJSON: isJSON)
    }
  }

  private func result(of outcome: Outcome) throws(Problem) -> ScoreReply.Pair {
    switch outcome {
    case .waiting: preconditionFailure("every pair was begun")
    case .planned(let plan, let scores): return .scored(plan, scores.compactMap { $0 })
    case .refused(let problem):
      guard isList else { throw problem }
      return .refused(problem)
    }
  }

  private static func begin(_ pair: Pair) -> Outcome {
    switch pair {
    case .refused(let problem): return .refused(problem)
    case .ready(let request):
      do throws(RequestError) {
        let plan = try request.plan()
        return .planned(plan, [Score?](repeating: nil, count: plan.items.count))
      } catch {
        return .refused(Problem(error))
      }
    }
  }

  /// What has become of a pair so far.
  private enum Outcome: Sendable {
    case waiting
    case planned(ScorePlan, [Score?])
    case refused(Problem)

    mutating func add(_ scores: [Score], at place: Int) {
      guard case .planned(let plan, var known) = self else { return }
      self = .waiting
      for (index, score) in scores.enumerated() { known[place + index] = score }
      self = .planned(plan, known)
    }

    /// Ranges of neighbouring items, each of about so many points.
    func shares(ofPoints points: Int) -> [Range<Int>] {
      guard case .planned(let plan, _) = self else { return [] }
      let size = max(1, points / plan.request.arrays.points)
      return stride(from: 0, to: plan.items.count, by: size).map { $0..<min($0 + size, plan.items.count) }
    }
  }
}
