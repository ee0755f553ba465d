import HTTPServer
import Hausdorff

/// What a request asks of its pairs of arrays: the options of `/v1/score` but for `layout`, checked as far as they can be
/// without the arrays.
struct ScoreSettings: Sendable {
  static let options = [
    "metrics", "convention", "distance", "threshold", "spacing", "tolerance", "empty", "reduction", "labels",
    "background", "layout", "ignore_orientation", "slice",
  ]

  /// Which points are scored against which.
  enum Labels: Sendable, Equatable {
    /// Those above the threshold.
    case none
    /// Those of each label that is in either array.
    case all
    case listed([Int])
  }

  /// What an option said, and where, for messages that need the arrays.
  struct Given<Value: Sendable>: Sendable {
    let value: Value
    let location: Problem.FieldError.Location
  }

  /// By whose definitions; one, or all that apply.
  let conventions: [Convention]
  let isEveryConvention: Bool
  /// For each convention those that it has.
  let metrics: [Metric]
  let distance: Distance
  let threshold: Double?
  var spacing: Given<[Double]>?
  let tolerance: Given<[Double]>?
  let empty: EmptyPolicy
  /// Whether listed labels may be in neither array: where it was said what becomes of empty masks.
  var allowsAbsentLabels: Bool
  let reduction: Reduction
  let labels: Given<Labels>?
  let background: Given<Bool>?
  /// Which plane of a volume is drawn.
  var slice: Given<Int>?
  /// Conventions that were left out, and why.
  let warnings: [String]

  /// Takes them out of the list.
  init(_ options: inout OptionList) throws(RequestError) {
    distance = try options.take("distance")?.choice(Distance.self) ?? .euclidean
    threshold = try options.take("threshold")?.number()
    spacing = try options.take("spacing").map { (option) throws(RequestError) in
      Given(value: try option.numbers(), location: option.location)
    }
    tolerance = try options.take("tolerance").map { (option) throws(RequestError) in
      let numbers = try option.numbers()
      guard !numbers.isEmpty, numbers.allSatisfy({ $0 >= 0 }) else {
        throw RequestError(option.location, "must be a number that is not negative, or one for each label")
      }
      return Given(value: numbers, location: option.location)
    }
    let empty = try options.take("empty")?.choice(EmptyPolicy.self)
    (self.empty, allowsAbsentLabels) = (empty ?? .zero, empty != nil)
    reduction = try options.take("reduction")?.choice(Reduction.self) ?? .mean
    labels = try options.take("labels").map { (option) throws(RequestError) in
      Given(value: try option.labels(), location: option.location)
    }
    background = try options.take("background").map { (option) throws(RequestError) in
      Given(value: try option.boolean(), location: option.location)
    }
    if let background, case .listed = labels?.value {
      throw RequestError(
        background.location, "goes with labels=all, or with channels: listed labels are all scored")
    }
    slice = try options.take("slice").map { (option) throws(RequestError) in
      Given(value: try option.integer(in: 0...Mask.maximumExtent), location: option.location)
    }
    let convention = options.take("convention")
    isEveryConvention = try convention?.string() == "all"
    if isEveryConvention {
      (conventions, warnings) = Self.applicable(distance, spacing?.value)
    } else {
      let one = try convention?.choice(Convention.self, others: ["all"]) ?? .modified
      if let convention { try Self.check(one, convention.location, distance, spacing?.value) }
      (conventions, warnings) = ([one], [])
    }
    metrics = try Self.metrics(options.take("metrics"), conventions, isEvery: isEveryConvention)
    if metrics.contains(where: { $0.kind == .surfaceDice }), tolerance == nil {
      throw RequestError(
        options.location(of: "tolerance"), "is missing: surface_dice needs how far boundaries may be apart")
    }
  }

  /// All options of a list of pairs, those of each pair by itself apart.
  static func takeAll(
    _ options: OptionList
  ) throws(RequestError) -> (ofPairs: OptionList, settings: ScoreSettings) {
    var options = options
    let ofPairs = options.takeAll(ArrayPair.ownOptions)
    let settings = try ScoreSettings(&options)
    try options.refuseRest(known: Self.options)
    try settings.checkWithoutArrays(ofPairs)
    return (ofPairs, settings)
  }

  /// Why a convention does not apply; nil where it does.
  static func objection(to convention: Convention, _ distance: Distance, _ spacing: [Double]?)
    -> String?
  {
    guard convention.distances.contains(distance) else {
      return "convention \(convention.rawValue) has no distance \(distance.rawValue)"
    }
    guard let spacing, !convention.takesSpacing(distance), spacing.contains(where: { $0 != 1 }) else {
      return nil
    }
    return convention == .monai
      ? "convention monai has a spacing for euclidean distances only"
      : "convention \(convention.rawValue) has no spacing"
  }

  private static func check(
    _ convention: Convention, _ location: Problem.FieldError.Location, _ distance: Distance,
    _ spacing: [Double]?
  ) throws(RequestError) {
    if let objection = objection(to: convention, distance, spacing) {
      throw RequestError(location, objection)
    }
  }

  private static func applicable(_ distance: Distance, _ spacing: [Double]?) -> ([Convention], [String]) {
    var (conventions, warnings) = ([Convention](), [String]())
    for convention in Convention.allCases {
      if let objection = objection(to: convention, distance, spacing) {
        warnings.append("\(objection): it was left out")
      } else {
        conventions.append(convention)
      }
    }
    return (conventions, warnings)
  }

  private static func metrics(
    _ option: OptionList.Entry?, _ conventions: [Convention], isEvery: Bool
  ) throws(RequestError) -> [Metric] {
    guard let option else { return conventions.map(\.usualMetric) }
    let names = try option.strings()
    guard !names.isEmpty else { throw RequestError(option.location, "is empty") }
    guard names.count <= ArrayPair.maximumNames else {
      throw RequestError(option.location, "has more than \(ArrayPair.maximumNames) names")
    }
    for (index, name) in names.enumerated() {
      guard Metric(name: name) != nil else {
        throw RequestError(
          option.location, "'\(name.prefix(40))' is not a metric; metrics are \(Metric.names)")
      }
      guard !names[..<index].contains(name) else {
        throw RequestError(option.location, "'\(name)' is given twice")
      }
      guard isEvery || Metric(name: name, convention: conventions[0]) != nil else {
        throw RequestError(
          option.location,
          "'\(name)' is not in convention \(conventions[0].rawValue), which has \(conventions[0].metricNames)"
        )
      }
    }
    return conventions.flatMap { convention in names.compactMap { Metric(name: $0, convention: convention) } }
  }
}

extension OptionList.Entry {
  /// `all`, or a list of whole numbers, no two alike.
  fileprivate func labels() throws(RequestError) -> ScoreSettings.Labels {
    if let text = try? string(), text == "all" { return .all }
    guard let numbers = try? numbers(), !numbers.isEmpty else {
      throw RequestError(location, "must be 'all' or a list of whole numbers")
    }
    var labels: [Int] = []
    for number in numbers {
      guard let label = Int(exactly: number), LabelMap.numbers.contains(label) else {
        throw RequestError(
          location, "must be 'all' or whole numbers of at most \(LabelMap.numbers.upperBound), not \(number)")
      }
      guard !labels.contains(label) else { throw RequestError(location, "has \(label) twice") }
      labels.append(label)
      guard labels.count <= LabelMap.maximumLabels else {
        throw RequestError(location, "has more than \(LabelMap.maximumLabels) labels")
      }
    }
    return .listed(labels)
  }
}
