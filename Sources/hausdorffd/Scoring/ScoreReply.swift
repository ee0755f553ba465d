import HTTPServer
import Hausdorff

/// The answer to a score request: items, their reduction, and what was empty.
struct ScoreReply {
  let request: ScoreRequest
  let scores: [Score]

  /// Pairs of which that side is empty.
  func emptyCount(_ side: EmptySide) -> Int { scores.count { $0.empty == side } }

  /// The metrics over the batch, in the order asked for; nil with `reduction=none`.
  var reduced: [Double?] {
    request.scoring.metrics.indices.map { index in request.reduction(scores.lazy.map { $0.values[index] }) }
  }

  /// Refuses a batch with empty masks under `empty=error`, naming the first hundred of them.
  init(request: ScoreRequest, scores: [Score]) throws(RequestError) {
    (self.request, self.scores) = (request, scores)
    guard request.scoring.empty == .error else { return }
    var errors: [Problem.FieldError] = []
    for (item, score) in scores.enumerated() where errors.count < 100 {
      guard let empty = score.empty else { continue }
      let sides: [ArrayName] =
        switch empty {
        case .truth: [.truth]
        case .prediction: [.prediction]
        case .both: [.truth, .prediction]
        }
      for side in sides {
        errors.append(
          Problem.FieldError(
            side.location(json: request.isJSON), "item \(item) has no foreground, and empty=error"))
      }
    }
    if !errors.isEmpty { throw RequestError(errors) }
  }

  /// What the empty policy did, in words; nil where nothing was empty.
  var warning: String? {
    let (truth, prediction, both) = (emptyCount(.truth), emptyCount(.prediction), emptyCount(.both))
    let count = truth + prediction + both
    guard count > 0 else { return nil }
    let effect =
      switch request.scoring.empty {
      case .zero:
        "empty=zero made their distances 0"
          + (truth + prediction > 0 ? ", which rewards a missed object" : "")
      case .diagonal: "empty=diagonal made their distances the grid's diagonal, or 0 where both are empty"
      case .infinity: "empty=infinity made their distances infinite, or 0 where both are empty"
      case .nan: "empty=nan made their values NaN"
      case .skip: "empty=skip left them out of the reduction"
      case .error: "empty=error refuses them"
      }
    return
      "\(count) of \(scores.count) items have an empty mask (truth \(truth), prediction \(prediction), both \(both)): \(effect)"
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
      json.member("empty_counts") { json in
        json.object { json in
          for side in EmptySide.allCases { json.member(side.rawValue, emptyCount(side)) }
        }
      }
      json.member("warnings") { json in json.array(warning.map { [$0] } ?? []) { $0.value($1) } }
    }
    return json.bytes
  }
}
