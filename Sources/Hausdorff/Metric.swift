/// A score of a predicted mask against a true one, under its name in the API and by someone's definition.
public struct Metric: Hashable, Sendable {
  /// What is computed from the distances, or the overlap.
  public enum Kind: Hashable, Sendable {
    /// Mean distance from one mask's foreground points to the other mask (Dubuisson & Jain 1994); undirected, the mean
    /// of both directions.
    case averageHausdorff
    /// Sums of these distances over the number of true points, their mean (Aydin et al. 2021).
    case balancedAverageHausdorff
    /// Greatest distance from one mask's points to the other mask; undirected, the greater direction.
    case hausdorff
    /// Percentile (0…100) of the distances between boundaries.
    case hausdorffPercentile(Double)
    /// Mean of the distances between boundaries, both directions together (ASSD); directed, of one of them.
    case averageSurfaceDistance
    /// Mean of the two directed means (MASD).
    case meanAverageSurfaceDistance
    /// Share of the two boundaries that lies within a tolerance of the other (Nikolov et al. 2018).
    case surfaceDice
    /// 2|T∩P| / (|T| + |P|)
    case dice
    /// |T∩P| / |T∪P|
    case iou

    /// Whether it is a distance, in units of the spacing; otherwise it is an overlap in 0…1.
    public var isDistance: Bool { self != .dice && self != .iou && self != .surfaceDice }

    /// Whether one direction means something by itself.
    var isDirectable: Bool {
      switch self {
      case .averageHausdorff, .hausdorff, .hausdorffPercentile, .averageSurfaceDistance: true
      case .balancedAverageHausdorff, .meanAverageSurfaceDistance, .surfaceDice, .dice, .iou: false
      }
    }
  }

  /// Which mask's points are measured.
  public enum Direction: String, CaseIterable, Sendable {
    /// From each point of the prediction to the nearest of the truth.
    case predictionToTruth = "pred_to_true"
    /// From each point of the truth to the nearest of the prediction.
    case truthToPrediction = "true_to_pred"
  }

  /// What is computed.
  public let kind: Kind
  /// Nil for both directions.
  public let direction: Direction?
  /// Whose definition is meant.
  public let convention: Convention
  /// The name it was asked for by, such as `hausdorff_95` or `average_hausdorff_pred_to_true`.
  public let name: String

  /// `average_hausdorff`, the loss.
  public static let averageHausdorff = Metric(name: "average_hausdorff")!

  /// Whether it is a distance, in units of the spacing; otherwise it is an overlap in 0…1.
  public var isDistance: Bool { kind.isDistance }

  /// Reads a name of `names`; nil for any other, and for what the convention does not have.
  public init?(name: String, convention: Convention = .modified) {
    var stem = name[...]
    var direction: Direction?
    for candidate in Direction.allCases where stem.hasSuffix("_" + candidate.rawValue) {
      direction = candidate
      stem = stem.dropLast(candidate.rawValue.count + 1)
    }
    guard let kind = Self.kind(stem), convention.has(kind, direction) else { return nil }
    (self.kind, self.direction, self.convention, self.name) = (kind, direction, convention, name)
  }

  private static func kind(_ stem: Substring) -> Kind? {
    switch stem {
    case "average_hausdorff": return .averageHausdorff
    case "balanced_average_hausdorff": return .balancedAverageHausdorff
    case "hausdorff": return .hausdorff
    case "average_surface_distance": return .averageSurfaceDistance
    case "mean_average_surface_distance": return .meanAverageSurfaceDistance
    case "surface_dice": return .surfaceDice
    case "dice": return .dice
    case "iou": return .iou
    default:
      let digits = stem.dropFirst("hausdorff_".count)
      guard stem.hasPrefix("hausdorff_"), digits.count <= 16,
        digits.first?.isASCII == true, digits.first?.isNumber == true,
        digits.utf8.allSatisfy({ (48...57).contains($0) || $0 == 46 }),
        let percent = Double(digits), (0...100).contains(percent)
      else { return nil }
      return .hausdorffPercentile(percent)
    }
  }

  /// The names, for messages.
  public static let names =
    "average_hausdorff, hausdorff, hausdorff_Q (Q from 0 to 100, as in hausdorff_95) and average_surface_distance, each "
    + "also with _pred_to_true or _true_to_pred behind; mean_average_surface_distance; balanced_average_hausdorff; "
    + "surface_dice; dice; iou"
}
