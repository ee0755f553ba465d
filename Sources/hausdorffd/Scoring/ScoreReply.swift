import HTTPServer
import Hausdorff

/// The answer to a score request: items, their reduction, and what was empty.
struct ScoreReply {
  let request: ScoreRequest
  let scores: [Score]

  let empties: EmptyMasks

  /// The metrics over the batch, in the order asked for; nil with `reduction=none`.
  var reduced: [Double?] {
    request.scoring.metrics.indices.map { index in request.reduction(scores.lazy.map { $0.values[index] }) }
  }

  /// Refuses a batch with empty masks under `empty=error`, naming the first hundred of them.
  init(request: ScoreRequest, scores: [Score]) throws(RequestError) {
    (self.request, self.scores) = (request, scores)
    empties = EmptyMasks(scores.lazy.map { $0.empty })
    guard request.scoring.empty == .error else { return }
    try EmptyMasks.refuse(scores.lazy.map { $0.empty }, isJSON: request.isJSON) { "item \($0)" }
  }

  /// What the empty policy did, in words; nil where nothing was empty.
  var warning: String? {
    empties.summary().map { $0 + empties.effect(of: request.scoring.empty) }
  }

  /// The reply as JSON.
  var json: [UInt8] {
    var json = JSONWriter()
    let names = request.scoring.metrics.map(\.name)
    let reduced = reduced
    json.object { json in
      json.member("loss", reduced.first ?? nil)
      json.member("metrics") { json in
        json.object { json in for (name, value) in zip(names, reduced) { json.member(name, value) } }
      }
      json.member("items") { json in
        json.array(scores) { json, score in
          json.object { json in
            for (name, value) in zip(names, score.values) { json.member(name, value) }
            json.member("empty", score.empty?.rawValue)
          }
        }
      }
      json.member("reduction", request.reduction.rawValue)
      json.member("distance", request.scoring.distance.rawValue)
      json.member("convention", "modified")
      empties.write(to: &json, warnings: warning.map { [$0] } ?? [])
    }
    return json.bytes
  }
}
