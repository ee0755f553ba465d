import HTTPServer

extension Request {
  /// Counts what the work needs among the bytes of the pool's requests, until this one is answered.
  func reserve(_ needed: Int, for work: String = "Working on this") throws(Problem) {
    guard let place = admission as? ScoringPool.Place, !place.reserve(bytes: needed) else { return }
    let (taken, limit) = (place.reservedBytes, place.limit)
    guard needed <= limit - taken else {
      throw Problem(
        status: 413,
        detail: "\(work) takes \(needed) bytes beside the \(taken) it has; the limit is \(limit).")
    }
    throw .noRoom
  }
}

extension Problem {
  static let noRoom = Problem(
    status: 503, detail: "There is no room for the work now.", headers: ["Retry-After": "1"])
}
