/// Finds the route of a request and refuses by its head what no route would take.
public struct Router: Sendable {
  private let routes: [Route]
  private let problemForms: [ProblemForm]

  /// `problemForms` tell problems of parts of the service in their own way, also those that the server finds by itself.
  ///
  /// Two routes of the same method and shape are a mistake of the programmer. Where a literal and a parameter both
  /// match, the route that is listed first wins.
  public init(_ routes: [Route], problemForms: [ProblemForm] = []) {
    self.routes = routes
    self.problemForms = problemForms
    for (index, route) in routes.enumerated() {
      precondition(
        !routes[..<index].contains { $0.method == route.method && Router.haveSameShape($0, route) },
        "two routes for \(route.method.rawValue) \(route.path)")
    }
  }

  /// The form that problems of this path have; nil for the usual one.
  func problemForm(for head: borrowing RequestHead) -> ProblemForm? {
    problemForms.first { head.isBelow($0.path) }
  }

  enum Match {
    case route(Route, mediaType: String?, answerType: String?, PathParameters)
    case answer(Response)
  }

  /// The route, or the answer where the server gives it by itself (OPTIONS).
  ///
  /// Throws 404, 405 with Allow, 406, 415 or 417.
  func match(_ head: borrowing RequestHead) throws(Problem) -> Match {
    if head.method == .options, head.bytes[head.pathRange.lowerBound] == UInt8(ascii: "*") {
      return .answer(Response(status: 204, headers: ["Allow": Router.list(routes.map(\.method))]))
    }
    guard let (route, ranges) = try find(head) else {
      let methods = try allowed(head)
      guard head.method == .options else {
        throw Problem(
          status: 405, detail: "The methods of this resource are \(methods).", headers: ["Allow": methods])
      }
      return .answer(Response(status: 204, headers: ["Allow": methods]))
    }
    let (mediaType, answerType) = try check(head, against: route)
    return .route(
      route, mediaType: mediaType, answerType: answerType, try parameters(of: route, ranges, in: head))
  }

  private func find(_ head: borrowing RequestHead) throws(Problem) -> (Route, [Range<Int>])? {
    let bytes = head.bytes.span
    var served: (Route, [Range<Int>])?
    for route in routes where route.method == head.method || route.method == .get && head.method == .head {
      guard let ranges = route.match(head.pathRange, of: bytes) else { continue }
      if route.method == head.method { return (route, ranges) }
      served = served ?? (route, ranges)
    }
    return served
  }

  private func allowed(_ head: borrowing RequestHead) throws(Problem) -> String {
    let bytes = head.bytes.span
    var methods: [Method] = []
    for route in routes where route.match(head.pathRange, of: bytes) != nil { methods.append(route.method) }
    guard !methods.isEmpty else { throw Problem(status: 404, detail: "There is nothing at this path.") }
    return Router.list(methods)
  }

  /// Returns which of the media types that the route consumes the body is, and which of those it produces is wanted.
  private func check(
    _ head: borrowing RequestHead, against route: Route
  ) throws(Problem) -> (mediaType: String?, answerType: String?) {
    let bytes = head.bytes.span
    let fields = head.fields
    if !fields.expect.isEmpty, !bytes.isEqual(fields.expect, ignoringCase: "100-continue") {
      throw Problem(status: 417, detail: "The only expectation is 100-continue.")
    }
    let answerType = head.preferredType(of: route.produces)
    if !route.produces.isEmpty, answerType == nil {
      throw Problem(
        status: 406, detail: "The answer would be \(route.produces.joined(separator: ", ")).")
    }
    guard !route.consumed.isEmpty else { return (nil, answerType) }
    if let coding = head.contentCoding, !route.codings.contains(coding) {
      let codings = route.codings + ["identity"]
      throw Problem(
        status: 415, detail: "The Content-Encoding must be one of: \(codings.joined(separator: ", ")).",
        headers: ["Accept-Encoding": codings.joined(separator: ", ")])
    }
    if route.consumes == [Route.anyType] { return (nil, answerType) }
    if let type = fields.contentType {
      var name = type
      for index in type where bytes[index] == UInt8(ascii: ";") {
        name = bytes.trimmed(type.lowerBound..<index)
        break
      }
      for (index, consumed) in route.consumed.enumerated() where bytes.isEqual(name, ignoringCase: consumed) {
        return (route.consumes[index], answerType)
      }
    }
    let types = route.consumes.joined(separator: ", ")
    throw Problem(
      status: 415, detail: "The Content-Type must be one of: \(types).", headers: ["Accept": types])
  }

  private func parameters(
    of route: Route, _ ranges: [Range<Int>], in head: borrowing RequestHead
  ) throws(Problem) -> PathParameters {
    guard !ranges.isEmpty else { return PathParameters(names: [], values: []) }
    var values: [String] = []
    for range in ranges {
      guard let value = Percent.decode(head.bytes.span, range, plusIsSpace: false) else {
        throw Problem(status: 400, detail: "The path is not UTF-8.")
      }
      values.append(value)
    }
    let names = route.segments.compactMap { segment in
      if case .parameter(let name) = segment { name } else { nil }
    }
    return PathParameters(names: names, values: values)
  }

  /// The methods for an Allow header: HEAD comes with GET, OPTIONS always.
  private static func list(_ methods: [Method]) -> String {
    let all = Set(methods + (methods.contains(.get) ? [.head] : []) + [.options])
    return Method.allCases.filter(all.contains).map(\.rawValue).joined(separator: ", ")
  }

  private static func haveSameShape(_ first: Route, _ second: Route) -> Bool {
    first.segments.count == second.segments.count
      && zip(first.segments, second.segments).allSatisfy { pair in
        switch pair {
        case (.literal(let a), .literal(let b)): a == b
        case (.parameter, .parameter): true
        default: false
        }
      }
  }
}
