import HTTPServer

extension Responder {
  /// A problem where the answer is no longer wanted: the client has gone, or the deadline has passed.
  func reasonToStop(_ deadline: ContinuousClock.Instant) -> Problem? {
    if clientIsGone { return Problem(status: 503, detail: "The client has gone.") }
    guard ContinuousClock.now > deadline else { return nil }
    return Problem(
      status: 503, detail: "The request was not answered within its deadline.", headers: ["Retry-After": "1"])
  }
}
