import HTTPServer
import Hausdorff
import UNet

/// What the Open Inference Protocol calls a model: a metric, a loss, or what a training job has trained.
enum InferenceModel: Hashable, Sendable {
  /// By its name, parameters and all, such as `hausdorff_95`.
  case metric(String)
  case loss(String)
  /// By the job's id.
  case job(String)

  /// The only version that a model has.
  static let version = "1"
  private static let jobPrefix = "job-"

  /// The model of that name; nil for none, while a job's need not exist.
  init?(name: String) {
    if name.hasPrefix(Self.jobPrefix) {
      self = .job(String(name.dropFirst(Self.jobPrefix.count)))
    } else if LossTerm.differentiableNames.contains(name) {
      self = .loss(name)
    } else if Metric(name: name) != nil {
      self = .metric(name)
    } else {
      return nil
    }
  }

  var name: String {
    switch self {
    case .metric(let name), .loss(let name): name
    case .job(let id): Self.jobPrefix + id
    }
  }

  /// The metrics, of percentiles the usual one, and the losses.
  static let listed: [InferenceModel] = {
    let directed = ["average_hausdorff", "hausdorff", "hausdorff_95", "average_surface_distance"]
    let others = [
      "mean_average_surface_distance", "balanced_average_hausdorff", "surface_dice", "dice", "iou",
    ]
    let metrics =
      directed.flatMap { name in [name] + Metric.Direction.allCases.map { "\(name)_\($0.rawValue)" } }
      + others
    return metrics.map { .metric($0) } + LossTerm.differentiableNames.map { .loss($0) }
  }()

  /// A tensor that goes in or comes out; an extent of -1 is any.
  struct Tensor: Equatable, Sendable {
    let name: String
    let type: ScalarType
    let shape: [Int]
  }

  /// The tensors of a model.
  struct Signature: Equatable, Sendable {
    let inputs, outputs: [Tensor]
  }

  static let lossName = "loss"
  static let gradientName = "gradient"
  static let imageName = "image"
  static let probabilityName = "probability"

  /// The tensors of a metric or a loss, which takes other types and numbers of axes as well; nil for a job's.
  var signature: Signature? {
    // A batch of planes: the layout of three axes that is taken where none is named.
    let shape = [-1, -1, -1]
    let inputs = [
      Tensor(name: ArrayName.truth.rawValue, type: .uint8, shape: shape),
      Tensor(name: ArrayName.prediction.rawValue, type: .float32, shape: shape),
    ]
    let loss = Tensor(name: Self.lossName, type: .float64, shape: [-1])
    switch self {
    case .metric: return Signature(inputs: inputs, outputs: [loss])
    case .loss:
      let gradient = Tensor(name: Self.gradientName, type: .float32, shape: shape)
      return Signature(inputs: inputs, outputs: [loss, gradient])
    case .job: return nil
    }
  }

  /// The tensors of a network, which takes other types as well.
  static func signature(of network: Architecture) -> Signature {
    func planes(_ count: Int, areLast: Bool) -> [Int] {
      count == 1 ? [-1, -1] : areLast ? [-1, -1, count] : [count, -1, -1]
    }
    return Signature(
      inputs: [
        Tensor(name: imageName, type: .float32, shape: planes(network.inChannels, areLast: true))
      ],
      outputs: [
        Tensor(name: probabilityName, type: .float32, shape: planes(network.classes, areLast: false))
      ])
  }

  /// Says that there is none of that name and version.
  static func unknown(_ name: String, version: String? = nil) -> Problem {
    let version = version.map { " version '\($0.prefix(40))'" } ?? ""
    return Problem(
      status: 404,
      detail:
        "Request for unknown model: '\(name.prefix(80))'\(version) is not found; POST /v2/repository/index lists what there is."
    )
  }
}
