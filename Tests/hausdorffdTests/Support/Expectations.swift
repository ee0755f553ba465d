import Testing

/// What a refusal must name.
enum Field: Sendable {
  case parameter(String)
  case pointer(String)
  /// The request as a whole.
  case none
}

/// That the reply is a problem (RFC 9457) of that status and names the field at fault.
func expectProblem(
  _ reply: HTTPReply, _ status: Int, _ field: Field, sourceLocation: SourceLocation = #_sourceLocation
) {
  let comment: Comment = "\(reply)"
  #expect(reply.status == status, comment, sourceLocation: sourceLocation)
  #expect(reply.header("Content-Type") == "application/problem+json", comment, sourceLocation: sourceLocation)
  #expect(reply.header("Request-Id")?.isEmpty == false, comment, sourceLocation: sourceLocation)
  let problem = reply.json
  #expect(problem["status"] == .number(Double(status)), comment, sourceLocation: sourceLocation)
  #expect(problem["type"] == "about:blank", comment, sourceLocation: sourceLocation)
  #expect(problem["title"].text?.isEmpty == false, comment, sourceLocation: sourceLocation)
  let first = problem["errors"][0]
  switch field {
  case .parameter(let name):
    #expect(first["parameter"] == .string(name), comment, sourceLocation: sourceLocation)
    #expect(first["detail"].text?.isEmpty == false, comment, sourceLocation: sourceLocation)
  case .pointer(let pointer):
    #expect(first["pointer"] == .string(pointer), comment, sourceLocation: sourceLocation)
    #expect(first["detail"].text?.isEmpty == false, comment, sourceLocation: sourceLocation)
  case .none:
    #expect(problem["errors"] == .missing, comment, sourceLocation: sourceLocation)
  }
}

/// A request that is refused, and how.
struct Refusal: Sendable, CustomTestStringConvertible {
  let name: String
  let request: HTTPRequest
  let status: Int
  let field: Field

  init(_ name: String, _ request: HTTPRequest, _ status: Int, _ field: Field) {
    (self.name, self.request, self.status, self.field) = (name, request, status, field)
  }

  var testDescription: String { name }

  /// Sends the request to the shared server, which serves as before afterwards.
  func check() throws {
    let server = try ServerProcess.shared
    expectProblem(try server.ask(request), status, field)
    try server.expectService()
  }
}
