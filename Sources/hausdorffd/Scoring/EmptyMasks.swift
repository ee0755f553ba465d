import HTTPServer
import Hausdorff

/// Which masks of a batch had no foreground, so that none is passed over in silence.
struct EmptyMasks {
  /// One entry a pair, nil where neither mask is empty.
  let sides: [EmptySide?]

  func count(_ side: EmptySide) -> Int { sides.count { $0 == side } }

  /// Refuses under `empty=error`, naming the first hundred.
  ///
  /// - Parameter name: what the pair of that number is called.
  func refuse(isJSON: Bool, name: (Int) -> String) throws(RequestError) {
    var errors: [Problem.FieldError] = []
    for (index, side) in sides.enumerated() where errors.count < 100 {
      guard let side else { continue }
      let arrays: [ArrayName] =
        switch side {
        case .truth: [.truth]
        case .prediction: [.prediction]
        case .both: [.truth, .prediction]
        }
      for array in arrays {
        errors.append(
          Problem.FieldError(
            array.location(json: isJSON), "\(name(index)) has no foreground, and empty=error"))
      }
    }
    if !errors.isEmpty { throw RequestError(errors) }
  }

  /// How many of the pairs, under the name for several, in words that what they led to follows; nil where there are none.
  func summary(_ pairs: String = "items") -> String? {
    let (truth, prediction, both) = (count(.truth), count(.prediction), count(.both))
    let count = truth + prediction + both
    guard count > 0 else { return nil }
    return
      "\(count) of \(sides.count) \(pairs) have an empty mask (truth \(truth), prediction \(prediction), both \(both)): "
  }

  /// What the policy did to exact scores, in words.
  func effect(of policy: EmptyPolicy) -> String {
    switch policy {
    case .zero:
      "empty=zero made their distances 0"
        + (count(.truth) + count(.prediction) > 0 ? ", which rewards a missed object" : "")
    case .diagonal: "empty=diagonal made their distances the grid's diagonal, or 0 where both are empty"
    case .infinity: "empty=infinity made their distances infinite, or 0 where both are empty"
    case .nan: "empty=nan made their values NaN"
    case .skip: "empty=skip left them out of the reduction"
    case .error: "empty=error refuses them"
    }
  }

  /// Writes the members `empty_counts` and `warnings`.
  func write(to json: inout JSONWriter, warnings: [String]) {
    json.member("empty_counts") { json in
      json.object { json in
        for side in EmptySide.allCases { json.member(side.rawValue, count(side)) }
      }
    }
    json.member("warnings") { json in json.array(warnings) { $0.value($1) } }
  }
}
