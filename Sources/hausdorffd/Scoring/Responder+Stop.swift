import HTTPServer

extension Problem {
  /// What a client reads that has closed only its sending side.
  static let clientHasGone = Problem(
    status: 503, detail: "The client has gone.", headers: ["Retry-After": "1"])
}

extension Responder {
  /// A problem where the answer is no longer wanted: the client has gone, or the deadline has passed.
  func reasonToStop(_ deadline: ContinuousClock.Instant) -> Problem? {
    if clientIsGone { return .clientHasGone }
    guard ContinuousClock.now > deadline else { return nil }
    return Problem(
      status: 503, detail: "The request was not answered within its deadline.", headers: ["Retry-After": "1"])
  }
}
