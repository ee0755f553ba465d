import HTTPServer

/// The places of uploads that are received, wait or are taken over: so few that they do not keep others out.
final class ImportPlaces: Sendable {
  private final class Place: Admission {
    private let places: ImportPlaces
    private let request: ScoringPool.Place

    init(_ places: ImportPlaces, _ request: ScoringPool.Place) {
      (self.places, self.request) = (places, request)
    }

    deinit { places.taken.withLock { $0 -= 1 } }

    func hasRoom(forBytes count: Int) -> Bool { request.hasRoom(forBytes: count) }
    func reserve(bytes: Int) -> Bool { request.reserve(bytes: bytes) }
    func release(bytes: Int) { request.release(bytes: bytes) }
  }

  private static let limit = 32
  private let taken = Locked(0)

  func admit(_ pool: ScoringPool) throws(Problem) -> any Admission {
    let request = try pool.admit()
    let isFree = taken.withLock { taken in
      guard taken < Self.limit else { return false }
      taken += 1
      return true
    }
    guard isFree else {
      Refusals.count(.full)
      throw Problem(
        status: 503, detail: "\(Self.limit) data sets are on their way, which is as many as may be.",
        headers: ["Retry-After": "5"])
    }
    return Place(self, request)
  }
}
