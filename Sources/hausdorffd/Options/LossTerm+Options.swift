import HTTPServer
import Hausdorff
import MaskFormats

extension OptionList.Entry {
  /// Terms of a loss: names with weights as text (`dice_loss,hausdorff_dt:0.5`), or names and objects such as
  /// `{"name": "hausdorff_dt", "weight": 0.5, "alpha": 1}` as JSON, one or a list of them, also within a text.
  func lossTerms() throws(RequestError) -> [LossTerm] {
    let terms: [LossTerm]
    switch value {
    case .text(let text):
      guard let first = text.first(where: { !$0.isWhitespace }), first == "[" || first == "{" else {
        terms = try namedTerms(text)
        break
      }
      let parsed: JSONValue
      do throws(FormatError) {
        parsed = try JSONValue.parse(text: text)
      } catch {
        throw RequestError(location, "is not JSON: \(error.detail)", status: 400)
      }
      do throws(RequestError) {
        terms = try Self.terms(parsed, at: "")
      } catch {
        // Its places are within the text.
        throw error.moved(to: location)
      }
    case .json(.string(let text)): terms = try namedTerms(text)
    case .json(let value):
      guard case .pointer(let pointer) = location else { preconditionFailure("JSON has a pointer") }
      terms = try Self.terms(value, at: pointer)
    }
    guard !terms.isEmpty else { throw RequestError(location, "is empty") }
    guard terms.count <= ScoreRequest.maximumMetrics else {
      throw RequestError(location, "has more than \(ScoreRequest.maximumMetrics) terms")
    }
    for (index, term) in terms.enumerated() where terms[..<index].contains(where: { $0.name == term.name }) {
      throw RequestError(location, "'\(term.name)' is given twice")
    }
    guard terms.contains(where: { $0.weight > 0 }) else {
      throw RequestError(location, "has weights that sum to 0")
    }
    return terms
  }

  /// `name` or `name:weight`, between commas.
  private func namedTerms(_ text: String) throws(RequestError) -> [LossTerm] {
    var terms: [LossTerm] = []
    for part in text.split(separator: ",", omittingEmptySubsequences: false) {
      let parts = part.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
      var members = [JSONMember(name: "name", value: .string(String(parts.first ?? "")))]
      if parts.count == 2 {
        guard let weight = Self.number(String(parts[1])) else {
          throw RequestError(location, "'\(parts[1].prefix(40))' is not a weight: a finite number")
        }
        members.append(JSONMember(name: "weight", value: .number(weight)))
      }
      do throws(RequestError) {
        terms.append(try LossTerm(OptionList(json: members), location))
      } catch {
        throw error.moved(to: location)
      }
    }
    return terms
  }

  private static func terms(_ value: JSONValue, at pointer: String) throws(RequestError) -> [LossTerm] {
    guard case .array(let values) = value else { return [try term(value, at: pointer)] }
    var terms: [LossTerm] = []
    for (index, value) in values.enumerated() { terms.append(try term(value, at: "\(pointer)/\(index)")) }
    return terms
  }

  private static func term(_ value: JSONValue, at pointer: String) throws(RequestError) -> LossTerm {
    switch value {
    case .string: try LossTerm(OptionList(json: [JSONMember(name: "name", value: value)]), .pointer(pointer))
    case .object(let members):
      try LossTerm(OptionList(json: members, at: pointer), .pointer(pointer))
    default:
      throw RequestError(.pointer(pointer), "must be the name of a loss, or an object with 'name'")
    }
  }
}

extension RequestError {
  /// The same of a value that lies within a text: what was a pointer into it becomes part of the detail.
  fileprivate func moved(to location: Problem.FieldError.Location) -> RequestError {
    RequestError(
      errors.map { error in
        guard case .pointer(let pointer) = error.location, !pointer.isEmpty, pointer != "/name" else {
          return Problem.FieldError(location, error.detail)
        }
        return Problem.FieldError(location, "\(pointer.dropFirst()) \(error.detail)")
      }, status: status)
  }
}

extension LossTerm {
  /// Reads a term's members; `location` is where the term as a whole is.
  fileprivate init(
    _ members: OptionList, _ location: Problem.FieldError.Location
  ) throws(RequestError) {
    var options = members
    guard let nameOption = options.take("name") else { throw RequestError(location, "has no 'name'") }
    let name = try nameOption.string()
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
      let alpha = try exponent()
      let option = options.take("iterations")
      let iterations = try option?.number(in: 1...64) ?? 10
      guard let option, iterations != iterations.rounded() else {
        kind = .hausdorffErosion(alpha: alpha, iterations: Int(iterations))
        known = ["alpha", "iterations"]
        break
      }
      throw RequestError(option.location, "must be a whole number")
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
          nameOption.location,
          "'\(name.prefix(40))' is not a loss; losses are \(LossTerm.differentiableNames.joined(separator: ", ")), and without a gradient \(Metric.names)"
        )
      }
      (kind, known) = (.score(metric), [])
    }
    let weight: Double
    if let option = options.take("weight") {
      weight = try option.number()
      guard weight >= 0 else { throw RequestError(option.location, "must not be negative") }
    } else {
      weight = 1
    }
    try options.refuseRest(known: ["name", "weight"] + known)
    self.init(kind, weight: weight)
  }
}
