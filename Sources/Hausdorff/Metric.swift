/// A score of a predicted mask against a true one, under its name in the API.
public struct Metric: Hashable, Sendable {
  /// What is computed from the distances, or the overlap.
  public enum Kind: Hashable, Sendable {
    /// Mean distance from one mask's foreground points to the other mask (Dubuisson & Jain 1994); undirected, the mean
    /// of both directions.
    case averageHausdorff
    /// Greatest distance from one mask's foreground points to the other mask; undirected, the greater direction.
    case hausdorff
    /// Percentile (0…100, linear interpolation) of the distances between boundaries; undirected, the greater direction.
    case hausdorffPercentile(Double)
    /// 2|T∩P| / (|T| + |P|)
    case dice
    /// |T∩P| / |T∪P|
    case iou
  }

  /// Which mask's points are measured.
  public enum Direction: String, CaseIterable, Sendable {
    case predictionToTruth = "pred_to_true"
    case truthToPrediction = "true_to_pred"
  }

  public let kind: Kind
  /// Nil for both directions.
  public let direction: Direction?
  /// The name it was asked for by, such as `hausdorff_95` or `average_hausdorff_pred_to_true`.
  public let name: String

  /// `average_hausdorff`, the loss.
  public static let averageHausdorff = Metric(
    kind: .averageHausdorff, direction: nil, name: "average_hausdorff")

  /// Whether it is a distance, in units of the spacing; otherwise it is an overlap in 0…1.
  public var isDistance: Bool { kind != .dice && kind != .iou }

  private init(kind: Kind, direction: Direction?, name: String) {
    (self.kind, self.direction, self.name) = (kind, direction, name)
  }

  /// Reads a name: `average_hausdorff`, `hausdorff` and `hausdorff_Q` (Q a number in 0…100), each with
  /// `_pred_to_true`, `_true_to_pred` or neither; `dice`; `iou`. Nil for any other.
  public init?(name: String) {
    var stem = name[...]
    var direction: Direction?
    for candidate in Direction.allCases where stem.hasSuffix("_" + candidate.rawValue) {
      direction = candidate
      stem = stem.dropLast(candidate.rawValue.count + 1)
    }
    switch stem {
    case "average_hausdorff": self.init(kind: .averageHausdorff, direction: direction, name: name)
    case "hausdorff": self.init(kind: .hausdorff, direction: direction, name: name)
    case "dice" where direction == nil: self.init(kind: .dice, direction: nil, name: name)
    case "iou" where direction == nil: self.init(kind: .iou, direction: nil, name: name)
    default:
      let digits = stem.dropFirst("hausdorff_".count)
      guard stem.hasPrefix("hausdorff_"), digits.count <= 16,
        digits.first?.isASCII == true, digits.first?.isNumber == true,
        digits.utf8.allSatisfy({ (48...57).contains($0) || $0 == 46 }),
        let percent = Double(digits), (0...100).contains(percent)
      else { return nil }
      self.init(kind: .hausdorffPercentile(percent), direction: direction, name: name)
    }
  }

  /// The names, for messages.
  public static let names =
    "average_hausdorff, hausdorff and hausdorff_Q (Q from 0 to 100, as in hausdorff_95), each also with _pred_to_true "
    + "or _true_to_pred behind; dice; iou"
}
