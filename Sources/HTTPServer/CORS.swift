/// Which web pages of other origins may read the answers (the CORS protocol of the Fetch standard).
public struct CORSPolicy: Sendable {
  private let origins: Set<String>

  /// Allows those origins, such as `https://viewer.example`, or all where `*` is among them.
  public init(origins: [String]) { self.origins = Set(origins) }

  /// Adds what a browser asks for to the answer of a request from a page of that origin; nil where it is from no page.
  func allow(_ origin: String?, _ headers: inout Headers) {
    let allowsAll = origins.contains("*")
    // Caches must not give one page's answer to another.
    if !allowsAll { headers.append("Vary", "Origin") }
    guard let origin, allowsAll || origins.contains(origin) else { return }
    headers.append("Access-Control-Allow-Origin", allowsAll ? "*" : origin)
    headers.append(
      "Access-Control-Expose-Headers",
      "Request-Id, Location, Loss, Shape, Dtype, Retry-After, ETag, Content-Range, Idempotency-Replayed, "
        + "Inference-Header-Content-Length")
  }

  /// The answer to the question whether a page may send a request; nil where the request is no such question.
  func preflight(_ head: borrowing RequestHead, methods: String) -> Response? {
    guard head.header("access-control-request-method") != nil else { return nil }
    var headers: Headers = ["Access-Control-Allow-Methods": methods, "Access-Control-Max-Age": "600"]
    if let wanted = head.header("access-control-request-headers"), !wanted.isEmpty {
      headers.append("Access-Control-Allow-Headers", wanted)
    }
    return Response(status: 204, headers: headers)
  }
}
