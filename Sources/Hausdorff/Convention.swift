/// Whose definition of a metric is meant: the same name is another number in another library.
///
/// Each agrees with its library to 1e-6 relative; DEFINITIONS has the table.
public enum Convention: String, CaseIterable, Sendable {
  /// This project's own: all foreground points for `average_hausdorff`, `hausdorff` and what is made of the former,
  /// boundary points for the rest; percentiles of each direction, interpolated linearly, and the greater of them.
  case modified
  /// ITK 5, and SimpleITK: all foreground points, the mean of the two means.
  case itk
  /// scikit-image 0.26, `hausdorff_distance`: all foreground points, the greater of the two means.
  case scikitImage = "scikit-image"
  /// MONAI 1.6: boundary points; ranks of percentiles, and what lies between two, in float32.
  case monai
  /// MedPy 0.5: boundary points; the percentile, and the average, of the distances of both directions together.
  case medpy
  /// MetricsReloaded: boundary points; percentiles of each direction, the average of both together.
  case metricsReloaded = "metrics-reloaded"
  /// DeepMind's surface-distance 0.1: corners of the grid's points, weighted by the boundary's length or area there.
  case surfaceDistance = "surface-distance"

  /// Whether it has a metric, directed or not.
  public func has(_ kind: Metric.Kind, _ direction: Metric.Direction?) -> Bool {
    switch (self, kind, direction) {
    case (.modified, let kind, let direction): direction == nil || kind.isDirectable
    case (.itk, .averageHausdorff, _), (.itk, .hausdorff, _): true
    case (.scikitImage, .averageHausdorff, nil), (.scikitImage, .hausdorff, nil): true
    case (.monai, .hausdorff, nil), (.monai, .hausdorff, .predictionToTruth),
      (.monai, .hausdorffPercentile, nil), (.monai, .hausdorffPercentile, .predictionToTruth),
      (.monai, .averageSurfaceDistance, nil), (.monai, .averageSurfaceDistance, .predictionToTruth),
      (.monai, .surfaceDice, nil), (.monai, .dice, nil), (.monai, .iou, nil):
      true
    case (.medpy, .hausdorff, nil), (.medpy, .hausdorffPercentile(95), nil),
      (.medpy, .averageSurfaceDistance, _), (.medpy, .dice, nil), (.medpy, .iou, nil):
      true
    case (.metricsReloaded, .averageHausdorff, _), (.metricsReloaded, .balancedAverageHausdorff, _): false
    case (.metricsReloaded, _, nil): true
    case (.surfaceDistance, .hausdorff, nil), (.surfaceDistance, .hausdorffPercentile, nil),
      (.surfaceDistance, .averageSurfaceDistance, .some), (.surfaceDistance, .surfaceDice, nil),
      (.surfaceDistance, .dice, nil):
      true
    default: false
    }
  }

  /// The distances that it has.
  public var distances: [Distance] { self == .modified || self == .monai ? Distance.allCases : [.euclidean] }

  /// Whether points may have another size than 1.
  public func takesSpacing(_ distance: Distance) -> Bool {
    self != .scikitImage && (self != .monai || distance == .euclidean)
  }

  /// What it answers where no metric is asked for: `average_hausdorff`, or `hausdorff` where it has none.
  public var usualMetric: Metric {
    if self == .modified { return .averageHausdorff }
    return Metric(name: "average_hausdorff", convention: self) ?? Metric(name: "hausdorff", convention: self)!
  }

  /// Names of what it has, for messages.
  public var metricNames: String {
    let names = ["average_hausdorff", "hausdorff", "average_surface_distance"].flatMap { name in
      [name] + Metric.Direction.allCases.map { "\(name)_\($0.rawValue)" }
    }
    let others = [
      "mean_average_surface_distance", "balanced_average_hausdorff", "surface_dice", "dice", "iou",
    ]
    var listed = (names + others).filter { Metric(name: $0, convention: self) != nil }
    if has(.hausdorffPercentile(50), nil) {
      listed.append("hausdorff_Q (Q from 0 to 100)")
    } else if has(.hausdorffPercentile(95), nil) {
      listed.append("hausdorff_95")
    }
    return listed.joined(separator: ", ")
  }
}
