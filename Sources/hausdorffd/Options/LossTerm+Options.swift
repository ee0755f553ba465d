import HTTPServer
import Hausdorff
import MaskFormats
import UNet

/// A loss as an option names it, before it is known what its weight may be.
struct NamedLoss {
  let kind: LossTerm.Kind
  let location: Problem.FieldError.Location
  /// A number, or in training perhaps `balanced`.
  let weight: OptionList.Entry?
  /// In training, how the weight rises.
  let ramp: OptionList.Entry?

  var name: String { LossTerm(kind).name }
}

extension OptionList.Entry {
  /// Terms of a loss. As text names with weights (`dice_loss,hausdorff_dt:0.5`) or JSON; as JSON one or a list of such
  /// names and of objects, as in `{"name": "hausdorff_dt", "weight": 0.5, "alpha": 1}`.
  func lossTerms() throws(RequestError) -> [LossTerm] {
    let terms = try embedded { (loss) throws(RequestError) in try LossTerm(loss) }
    guard terms.contains(where: { $0.weight > 0 }) else {
      throw RequestError(location, "has weights that sum to 0")
    }
    return terms
  }

  /// Losses to train on: the same, with weights that may be `balanced`, or rise by `{"ramp": {"from": 0, "epochs": 10}}`.
  func trainingLosses() throws(RequestError) -> [TrainingLoss] {
    try embedded { (loss) throws(RequestError) in try TrainingLoss(loss) }
  }

  /// Makes what is wanted of each loss; where JSON lies within a text, pointers into it become part of the details.
  private func embedded<Loss>(
    _ make: (NamedLoss) throws(RequestError) -> Loss
  ) throws(RequestError) -> [Loss] {
    func all(_ losses: [NamedLoss]) throws(RequestError) -> [Loss] {
      guard !losses.isEmpty else { throw RequestError(location, "is empty") }
      guard losses.count <= ArrayPair.maximumNames else {
        throw RequestError(location, "has more than \(ArrayPair.maximumNames) terms")
      }
      for (index, loss) in losses.enumerated()
      where losses[..<index].contains(where: { $0.name == loss.name }) {
        throw RequestError(location, "'\(loss.name)' is given twice")
      }
      var made: [Loss] = []
      for loss in losses { made.append(try make(loss)) }
      return made
    }
    switch value {
    case .text(let text), .json(.string(let text)):
      guard let first = text.first(where: { !$0.isWhitespace }), first == "[" || first == "{" else {
        var losses: [NamedLoss] = []
        for part in text.split(separator: ",", omittingEmptySubsequences: false) {
          losses.append(try NamedLoss(part, location))
        }
        return try all(losses)
      }
      let parsed: JSONValue
      do throws(FormatError) {
        parsed = try JSONValue.parse(text: text)
      } catch {
        throw RequestError(location, "is not JSON: \(error.detail)", status: 400)
      }
      do throws(RequestError) {
        return try all(Self.losses(parsed, at: ""))
      } catch {
        throw error.within(location)
      }
    case .json(let value):
      guard case .pointer(let pointer) = location else { preconditionFailure("JSON has a pointer") }
      return try all(Self.losses(value, at: pointer))
    }
  }

  private static func losses(_ value: JSONValue, at pointer: String) throws(RequestError) -> [NamedLoss] {
    guard case .array(let values) = value else { return [try NamedLoss(value, at: pointer)] }
    var losses: [NamedLoss] = []
    for (index, value) in values.enumerated() {
      losses.append(try NamedLoss(value, at: "\(pointer)/\(index)"))
    }
    return losses
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
  fileprivate init(_ loss: NamedLoss) throws(RequestError) {
    if let ramp = loss.ramp {
      throw RequestError(ramp.location, "is for training jobs; here a weight is a number")
    }
    self.init(loss.kind, weight: try loss.weight?.weight() ?? 1)
  }
}

extension TrainingLoss {
  fileprivate init(_ loss: NamedLoss) throws(RequestError) {
    self.init(loss.kind)
    if let option = loss.weight {
      switch option.value {
      case .text("balanced"), .json(.string("balanced")): weight = .balanced
      default: weight = .fixed(try option.weight())
      }
    }
    guard let ramp = loss.ramp else { return }
    guard case .fixed(let to) = weight else {
      throw RequestError(ramp.location, "cannot go with a balanced weight")
    }
    guard case .json(.object(let members)) = ramp.value, case .pointer(let pointer) = ramp.location else {
      throw RequestError(ramp.location, "must be an object of 'from' and 'epochs'")
    }
    var options = OptionList(json: members, at: pointer)
    let from = try options.take("from")?.weight() ?? 0
    guard let epochs = options.take("epochs") else { throw RequestError(ramp.location, "has no 'epochs'") }
    weight = .ramp(from: from, to: to, epochs: try epochs.integer(in: 1...100_000))
    try options.refuseRest(known: ["from", "epochs"])
  }
}

extension OptionList.Entry {
  /// A number that is not negative.
  fileprivate func weight() throws(RequestError) -> Double {
    if case .text(let text) = value {
      guard let weight = Self.number(text), weight >= 0 else {
        throw RequestError(location, "'\(text.prefix(40))' is not a weight, which is a number not below 0")
      }
      return weight
    }
    let weight = try number()
    guard weight >= 0 else { throw RequestError(location, "must not be negative") }
    return weight
  }
}

extension NamedLoss {
  /// `name` or `name:weight`
  fileprivate init(_ text: Substring, _ location: Problem.FieldError.Location) throws(RequestError) {
    let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
    let weight =
      parts.count == 2
      ? OptionList.Entry(name: "weight", value: .text(String(parts[1])), location: location) : nil
    try self.init(name: String(parts.first ?? ""), location, OptionList(json: []), weight: weight)
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

  /// The options that some losses have.
  static let options = ["alpha", "binarize", "one_sided", "log", "iterations", "gamma", "balance"]

  /// A loss of that name, with options, none of which may be left.
  init(
    name: String, _ nameLocation: Problem.FieldError.Location, _ options: OptionList,
    weight: OptionList.Entry? = nil
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
    let kind: LossTerm.Kind
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
    (self.kind, location) = (kind, nameLocation)
    self.weight = weight ?? options.take("weight")
    ramp = options.take("ramp")
    try options.refuseRest(known: ["name", "weight"] + known)
  }
}
