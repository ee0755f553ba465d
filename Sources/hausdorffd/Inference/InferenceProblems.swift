import HTTPServer
import MaskFormats

/// Problems as the Open Inference Protocol tells them.
enum InferenceProblems {
  /// `{"error": …}`, for all paths of the protocol, whoever finds the problem.
  static let form = ProblemForm(below: "/v2") { problem in
    var json = JSONWriter()
    json.object { json in json.member("error", text(of: problem)) }
    return Response(
      status: problem.status, contentType: "application/json", headers: problem.headers,
      content: .bytes(json.bytes))
  }

  private static func text(of problem: Problem) -> String {
    problem.errors.isEmpty ? problem.detail ?? problem.title : RequestError(problem.errors).message
  }

  /// What is not part of this server.
  static func unsupported(_ what: String) -> Problem {
    Problem(status: 501, detail: "\(what) is not supported.")
  }
}
