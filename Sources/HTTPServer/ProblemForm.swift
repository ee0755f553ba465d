/// How problems are told below one path, in place of problem details.
public struct ProblemForm: Sendable {
  let path: [UInt8]
  let response: @Sendable (Problem) -> Response

  /// Problems of `path`, such as `/v2`, and of all paths below it become what `response` makes of them.
  public init(below path: String, _ response: @escaping @Sendable (Problem) -> Response) {
    (self.path, self.response) = (Array(path.utf8), response)
  }
}

extension RequestHead {
  /// Whether its path is this one or below it; told also of a head that was refused before its target was read.
  func isBelow(_ path: [UInt8]) -> Bool {
    // Behind the target lie the header lines, once they are read.
    let target = bytes[..<(fieldsStart > 0 ? fieldsStart : bytes.count)].dropFirst(pathRange.lowerBound)
    guard target.starts(with: path) else { return false }
    let next = target.dropFirst(path.count).first
    return next == nil || next == UInt8(ascii: "/") || next == UInt8(ascii: "?")
  }
}

extension Connection {
  /// The response to the request that was received last: a problem in the form that is told at its path, and with what a
  /// page needs to read it.
  func told(_ response: Response) -> Response {
    // What most answers are: as they are.
    guard response.problem != nil || core.configuration.cors != nil else { return response }
    let asked = asked.withLock { $0 }
    var told = response
    if let problem = response.problem, let form = asked.problemForm {
      told = form.response(problem)
      told.closesConnection = response.closesConnection
    }
    core.configuration.cors?.allow(asked.origin, &told.headers)
    return told
  }
}
