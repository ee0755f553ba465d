/// All that a run needs to go on bit for bit: a model file that also holds the optimiser's moments and the run's state.
struct Checkpoint {
  var model: Model
  /// By the optimiser's lists and by parameter; empty for what is not trained.
  var moments: [[[Float]]]
  /// Steps that the optimiser took.
  var optimizerStep: Int
  var state: TrainingState
  /// Digest of the data, and seed.
  var identity: [String]

  private static let identityKeys = ["data.digest", "training.seed"]

  func write(to path: String) throws(UNetError) {
    var model = model
    model.metadata += state.metadata + [("optimizer.step", "\(optimizerStep)")]
    model.metadata += zip(Self.identityKeys, identity).map { ($0, $1) }
    var file = model.file
    let parameters = model.weights.architecture.parameters
    for (list, values) in moments.enumerated() {
      for (parameter, values) in zip(parameters, values) where parameter.role.isTrained {
        file.tensors.append(
          Safetensors.Tensor(
            name: "moment\(list + 1).\(parameter.name)", shape: parameter.shape, values: values))
      }
    }
    try file.write(to: path)
  }

  /// - Parameter terms: how many losses the run has.
  init(path: String, terms: Int) throws(UNetError) {
    let file = try Safetensors.read(path: path)
    func failure(_ detail: String) -> UNetError { UNetError(.model, "\(path): \(detail)") }
    model = try Model(file, path: path)
    var entries: [String: String] = [:]
    for (key, value) in file.metadata { entries[key] = value }
    guard let text = entries["optimizer.step"], let step = Int(text), step >= 0 else {
      throw failure("it is a model, not a checkpoint that training could go on from")
    }
    optimizerStep = step
    do throws(UNetError) {
      state = try TrainingState(metadata: entries, terms: terms)
    } catch {
      throw failure(error.detail)
    }
    identity = Self.identityKeys.map { [entries] in entries[$0] ?? "" }
    var tensors: [String: Safetensors.Tensor] = [:]
    for tensor in file.tensors { tensors[tensor.name] = tensor }
    moments = []
    let parameters = model.weights.architecture.parameters
    for list in 1...2 where tensors.keys.contains(where: { $0.hasPrefix("moment\(list).") }) {
      var values: [[Float]] = []
      for parameter in parameters {
        guard parameter.role.isTrained else {
          values.append([])
          continue
        }
        guard let tensor = tensors["moment\(list).\(parameter.name)"], tensor.shape == parameter.shape else {
          throw failure("the moments of \(parameter.name) are missing or of another shape")
        }
        values.append(tensor.values)
      }
      moments.append(values)
    }
  }

  init(
    model: Model, moments: [[[Float]]], optimizerStep: Int, state: TrainingState, identity: [String]
  ) {
    (self.model, self.moments, self.optimizerStep) = (model, moments, optimizerStep)
    (self.state, self.identity) = (state, identity)
  }
}
