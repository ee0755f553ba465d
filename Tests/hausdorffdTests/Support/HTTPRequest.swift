/// A request as bytes.
struct HTTPRequest: Sendable {
  var method: String
  var target: String
  var headers: [String] = []
  var body: [UInt8] = []

  init(_ method: String, _ target: String, headers: [String] = [], body: [UInt8] = []) {
    (self.method, self.target, self.headers, self.body) = (method, target, headers, body)
  }

  /// Head and body, with `Content-Length` where there is a body.
  var bytes: [UInt8] { head + body }

  var head: [UInt8] {
    let length = body.isEmpty ? [] : ["Content-Length: \(body.count)"]
    return Array(
      ([method + " " + target + " HTTP/1.1", "Host: test"] + headers + length + ["", ""]).joined(
        separator: "\r\n"
      ).utf8)
  }

  /// A body of JSON.
  static func score(json: String) -> HTTPRequest { score(json: Array(json.utf8)) }

  static func score(json: [UInt8]) -> HTTPRequest {
    HTTPRequest("POST", "/v1/score", headers: ["Content-Type: application/json"], body: json)
  }

  /// A body of raw bytes, options in the query.
  static func score(query: String, octets: [UInt8]) -> HTTPRequest {
    HTTPRequest(
      "POST", "/v1/score?\(query)", headers: ["Content-Type: application/octet-stream"], body: octets)
  }

  /// A form of parts, each a name and its bytes.
  static func score(form parts: [(String, [UInt8])]) -> HTTPRequest {
    var body: [UInt8] = []
    for (name, bytes) in parts {
      body +=
        Array("--limit\r\nContent-Disposition: form-data; name=\"\(name)\"\r\n\r\n".utf8) + bytes + [13, 10]
    }
    return HTTPRequest(
      "POST", "/v1/score", headers: ["Content-Type: multipart/form-data; boundary=limit"],
      body: body + Array("--limit--\r\n".utf8))
  }

  /// The same of the losses: JSON, raw bytes or a form, and an Accept header.
  static func loss(_ request: HTTPRequest, accept: String? = nil) -> HTTPRequest {
    var request = request
    request.target = "/v1/loss" + request.target.dropFirst("/v1/score".count)
    if let accept { request.headers.append("Accept: \(accept)") }
    return request
  }

  /// A form of two files, and options.
  static func score(
    files truth: [UInt8], _ prediction: [UInt8], _ options: [(String, String)] = []
  ) -> HTTPRequest {
    score(form: [("y_true", truth), ("y_pred", prediction)] + options.map { ($0, Array($1.utf8)) })
  }
}
