extension Response {
  /// A file as a download that can be resumed and cached, by RFC 9110, 13 and 14.
  ///
  /// - 200 with all of it, or 206 with the one range that a GET asks for, where If-Range allows it; several ranges and
  ///   what is malformed are passed over.
  /// - 304 or 412 where If-None-Match or If-Match say so.
  /// - 416 where the range lies behind the end.
  ///
  /// `etag`, without quotes, names these very bytes: two files have different ones. `filename` has browsers save it under
  /// that name.
  public static func file(
    _ file: OpenFile, for head: RequestHead, etag: String, contentType: String, filename: String? = nil
  ) -> Response {
    precondition(etag.utf8.allSatisfy(EntityTags.isTagCharacter), "not an entity tag: \(etag)")
    var response = Response(
      contentType: contentType, headers: ["ETag": "\"\(etag)\"", "Accept-Ranges": "bytes"],
      content: .file(file))
    if let field = head.list("If-Match"), !EntityTags(field).contains(strongly: etag) {
      return Response(Problem(status: 412, detail: "The file is another one: \"\(etag)\"."))
    }
    let isRead = head.method == .get || head.method == .head
    if let field = head.list("If-None-Match"), EntityTags(field).contains(weakly: etag) {
      guard isRead else { return Response(Problem(status: 412, detail: "The file is this one.")) }
      // With the content, so that its length is told as that of the 200; it is not sent.
      response.status = 304
      return response
    }
    if let filename {
      response.headers.append("Content-Disposition", ContentDisposition.attachment(filename))
    }
    guard head.method == .get, let field = head.list("Range"),
      head.list("If-Range").map({ EntityTags($0).isExactly(etag) }) ?? true
    else { return response }
    switch ByteRange(field, of: file.count) {
    case .whole: return response
    case .part(let range):
      response.status = 206
      response.headers.append(
        "Content-Range", "bytes \(range.lowerBound)-\(range.upperBound - 1)/\(file.count)")
      response.content = .file(file, range)
      return response
    case .unsatisfiable:
      return Response(
        Problem(
          status: 416, detail: "The file has \(file.count) bytes.",
          headers: ["Content-Range": "bytes */\(file.count)", "Accept-Ranges": "bytes"]))
    }
  }
}

extension RequestHead {
  /// The values of every header of that name as one list; nil where there is none.
  fileprivate func list(_ name: String) -> String? {
    guard header(name) != nil else { return nil }
    return headers.values(of: name).joined(separator: ",")
  }
}
