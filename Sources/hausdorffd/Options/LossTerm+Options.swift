import HTTPServer
import Hausdorff
import MaskFormats

extension OptionList.Entry {
  /// Terms of a loss. As text names with weights (`dice_loss,hausdorff_dt:0.5`) or JSON; as JSON one or a list of such
  /// names and of objects, as in `{"name": "hausdorff_dt", "weight": 0.5, "alpha": 1}`.
  func lossTerms() throws(RequestError) -> [LossTerm] {
    let terms: [LossTerm]
    switch value {
    case .text(let text), .json(.string(let text)): terms = try lossTerms(text)
    case .json(let value):
      guard case .pointer(let pointer) = location else { preconditionFailure("JSON has a pointer") }
      terms = try Self.terms(value, at: pointer)
    }
    guard !terms.isEmpty else { throw RequestError(location, "is empty") }
    guard terms.count <= ArrayPair.maximumNames else {
      throw RequestError(location, "has more than \(ArrayPair.maximumNames) terms")
    }
    for (index, term) in terms.enumerated() where terms[..<index].contains(where: { $0.name == term.name }) {
      throw RequestError(location, "'\(term.name)' is given twice")
    }
    guard terms.contains(where: { $0.weight > 0 }) else {
      throw RequestError(location, "has weights that sum to 0")
    }
    return terms
  }

  private func lossTerms(_ text: String) throws(RequestError) -> [LossTerm] {
    guard let first = text.first(where: { !$0.isWhitespace }), first == "[" || first == "{" else {
      var terms: [LossTerm] = []
      for part in text.split(separator: ",", omittingEmptySubsequences: false) {
        terms.append(try LossTerm(part, location))
      }
      return terms
    }
    let parsed: JSONValue
    do throws(FormatError) {
      parsed = try JSONValue.parse(text: text)
    } catch {
      throw RequestError(location, "is not JSON: \(error.detail)", status: 400)
    }
    do throws(RequestError) {
      return try Self.terms(parsed, at: "")
    } catch {
      throw error.within(location)
    }
  }

  private static func terms(_ value: JSONValue, at pointer: String) throws(RequestError) -> [LossTerm] {
    guard case .array(let values) = value else { return [try LossTerm(value, at: pointer)] }
    var terms: [LossTerm] = []
    for (index, value) in values.enumerated() {
      terms.append(try LossTerm(value, at: "\(pointer)/\(index)"))
    }
    return terms
  }
}

extension RequestError {
  /// The same of a JSON value that lies within a text: pointers into it become part of the details.
  fileprivate func within(_ location: Problem.FieldError.Location) -> RequestError {
    RequestError(
      errors.map { error in
        guard case .pointer(let pointer) = error.location, !pointer.isEmpty else {
          return Problem.FieldError(location, error.detail)
        }
        return Problem.FieldError(location, "\(pointer.dropFirst()) \(error.detail)")
      }, status: status)
  }
}

extension LossTerm {
  /// `name` or `name:weight`
  fileprivate init(_ text: Substring, _ location: Problem.FieldError.Location) throws(RequestError) {
    let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
    try self.init(name: String(parts.first ?? ""), location, OptionList(json: []))
    guard parts.count == 2 else { return }
    guard let weight = OptionList.Entry.number(String(parts[1])), weight >= 0 else {
      throw RequestError(location, "'\(parts[1].prefix(40))' is not a weight, which is a number not below 0")
    }
    self.weight = weight
  }

  /// A name, with a weight perhaps, or an object.
  fileprivate init(_ value: JSONValue, at pointer: String) throws(RequestError) {
    switch value {
    case .string(let text): try self.init(text[...], .pointer(pointer))
    case .object(let members):
      var options = OptionList(json: members, at: pointer)
      guard let name = options.take("name") else { throw RequestError(.pointer(pointer), "has no 'name'") }
      try self.init(name: name.string(), name.location, options)
    default: throw RequestError(.pointer(pointer), "must be the name of a loss, or an object with 'name'")
    }
  }

  private init(
    name: String, _ nameLocation: Problem.FieldError.Location, _ options: OptionList
  ) throws(RequestError) {
    var options = options
    func exponent() throws(RequestError) -> Double {
      guard let option = options.take("alpha") else { return 2 }
      let alpha = try option.number()
      guard alpha > 0, alpha <= 10 else {
        throw RequestError(option.location, "must be a number greater than 0, at most 10")
      }
      return alpha
    }
    func flag(_ name: String) throws(RequestError) -> Bool { try options.take(name)?.boolean() ?? false }
    let kind: Kind
    let known: [String]
    switch name {
    case "soft_hausdorff":
      kind = .softHausdorff(alpha: try exponent(), binarize: try flag("binarize"))
      known = ["alpha", "binarize"]
    case "soft_average_hausdorff": (kind, known) = (.softAverageHausdorff, [])
    case "hausdorff_dt":
      kind = .hausdorffDistanceTransform(
        alpha: try exponent(), oneSided: try flag("one_sided"), log: try flag("log"))
      known = ["alpha", "one_sided", "log"]
    case "hausdorff_er":
      kind = .hausdorffErosion(
        alpha: try exponent(), iterations: try options.take("iterations")?.integer(in: 1...64) ?? 10)
      known = ["alpha", "iterations"]
    case "boundary": (kind, known) = (.boundary, [])
    case "dice_loss": (kind, known) = (.dice, [])
    case "bce": (kind, known) = (.crossEntropy, [])
    case "focal":
      kind = .focal(
        gamma: try options.take("gamma")?.number(in: 0...10) ?? 2,
        balance: try options.take("balance")?.number(in: 0...1))
      known = ["gamma", "balance"]
    default:
      guard let metric = Metric(name: name) else {
        throw RequestError(
          nameLocation,
          "'\(name.prefix(40))' is not a loss; losses are \(LossTerm.differentiableNames.joined(separator: ", ")), and without a gradient \(Metric.names)"
        )
      }
      (kind, known) = (.score(metric), [])
    }
    self.init(kind)
    if let option = options.take("weight") {
      weight = try option.number()
      guard weight >= 0 else { throw RequestError(option.location, "must not be negative") }
    }
    try options.refuseRest(known: ["name", "weight"] + known)
  }
}
