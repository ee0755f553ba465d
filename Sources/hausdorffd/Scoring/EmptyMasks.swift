import HTTPServer
import Hausdorff

/// Which masks of a batch had no foreground, so that none is passed over in silence.
struct EmptyMasks {
  /// Pairs in all.
  let pairs: Int
  private var truth = 0, prediction = 0, both = 0

  /// One entry a pair, nil where neither mask is empty.
  init(_ sides: some Sequence<EmptySide?>) {
    var pairs = 0
    for side in sides {
      pairs += 1
      switch side {
      case nil: break
      case .truth: truth += 1
      case .prediction: prediction += 1
      case .both: both += 1
      }
    }
    self.pairs = pairs
  }

  func count(_ side: EmptySide) -> Int {
    switch side {
    case .truth: truth
    case .prediction: prediction
    case .both: both
    }
  }

  /// Refuses where there are some, naming the first hundred.
  ///
  /// - Parameters:
  ///   - pointer: leads to the object that holds the arrays, where that is JSON.
  ///   - reason: why they are refused.
  ///   - name: what the pair of that number is called.
  static func refuse(
    _ sides: some Sequence<EmptySide?>, isJSON: Bool, in pointer: String = "",
    because reason: String = "empty=error",
    name: (Int) -> String
  ) throws(RequestError) {
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
            array.location(json: isJSON, in: pointer), "\(name(index)) has no foreground, and \(reason)"))
      }
    }
    if !errors.isEmpty { throw RequestError(errors) }
  }

  /// How many of the pairs, under the name for several, in words that what they led to follows; nil where there are none.
  func summary(_ name: String = "items") -> String? {
    let count = truth + prediction + both
    guard count > 0 else { return nil }
    return
      "\(count) of \(pairs) \(name) have an empty mask (truth \(truth), prediction \(prediction), both \(both)): "
  }

  /// What the policy did to exact scores, in words.
  func effect(of policy: EmptyPolicy) -> String {
    switch policy {
    case .zero:
      "empty=zero made their distances 0"
        + (truth + prediction > 0 ? ", which rewards a missed object" : "")
    case .diagonal: "empty=diagonal made their distances the grid's diagonal, or 0 where both are empty"
    case .infinity: "empty=infinity made their distances infinite, or 0 where both are empty"
    case .nan: "empty=nan made their values NaN"
    case .skip: "empty=skip left them out of the reduction"
    case .error: "empty=error refuses them"
    case .convention: "empty=convention made their values what the library answers, null where it refuses"
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
