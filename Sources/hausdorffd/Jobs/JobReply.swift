import HTTPServer
import Training

extension Job {
  /// The path of its resource.
  var path: String { "/v1/training-jobs/\(id)" }

  /// Writes it as the API shows it.
  func write(to json: inout JSONWriter) {
    json.object { json in
      json.member("id", id)
      json.member("name", name)
      json.member("state", state.rawValue)
      json.member("created_at", Timestamp.text(createdAt))
      json.member("started_at", startedAt.map(Timestamp.text))
      json.member("finished_at", finishedAt.map(Timestamp.text))
      json.member("attempt", attempt)
      json.member("failures", failures)
      json.member("cancelling") { $0.value(isCancelling && !state.isFinal) }
      json.member("spec") { $0.raw(spec) }
      json.member("epochs", epochs)
      json.member("progress") { $0.raw(progress) }
      json.member("latest") { $0.raw(latest) }
      json.member("best") { $0.raw(best) }
      json.member("error") { $0.raw(error) }
    }
  }

  var json: Response.Content {
    var json = JSONWriter()
    write(to: &json)
    return .bytes(json.bytes)
  }
}

extension JobEvent {
  /// What the event stream says of it, JSON.
  var json: String {
    if kind == .epoch { return data }
    return JSONWriter.text { json in
      json.member(kind == .state ? "state" : "message", data)
      json.member("attempt", attempt)
      json.member("at", Timestamp.text(at))
    }
  }

  /// A line of the log.
  var line: String {
    let words = kind == .state ? "state: \(data)" : data
    return "\(Timestamp.text(at)) attempt \(attempt): \(words)\n"
  }
}
