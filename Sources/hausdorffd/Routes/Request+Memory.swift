import HTTPServer

extension Request {
  /// Counts what the work needs among the bytes of requests, until this one is answered.
  func reserve(_ needed: Int, of pool: ScoringPool) throws(Problem) {
    guard admission?.reserve(bytes: needed) == false else { return }
    guard needed + body.count <= pool.limits.bytes else {
      throw Problem(
        status: 413,
        detail: "Working on this takes \(needed) bytes beside the body; the limit is \(pool.limits.bytes).")
    }
    throw .noRoom
  }
}

extension Problem {
  static let noRoom = Problem(
    status: 503, detail: "There is no room for the work now.", headers: ["Retry-After": "1"])
}
