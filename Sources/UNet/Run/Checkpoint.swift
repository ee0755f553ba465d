/// All that a run needs to go on bit for bit: a model file that also holds the optimiser's moments and the run's state.
struct Checkpoint {
  var model: Model
  /// By the optimiser's lists and by parameter; empty for what is not trained.
  var moments: [[[Float]]]
  /// Steps that the optimiser took.
  var optimizerStep: Int
  var state: TrainingState
  /// What may not differ where the run is resumed.
  var identity: [String: String]

  private static let identityPrefix = "run."
  private static let digestKey = "checkpoint.digest"

  func write(to path: String) throws(UNetError) {
    var model = model
    model.metadata += state.metadata + [("optimizer.step", "\(optimizerStep)")]
    model.metadata += identity.sorted { $0.key < $1.key }.map { (Self.identityPrefix + $0.key, $0.value) }
    var file = model.file
    let parameters = model.weights.architecture.parameters
    for (list, values) in moments.enumerated() {
      for (parameter, values) in zip(parameters, values) where parameter.role.isTrained {
        file.tensors.append(
          Safetensors.Tensor(
            name: "moment\(list + 1).\(parameter.name)", shape: parameter.shape, values: values))
      }
    }
    file.metadata.append((Self.digestKey, Self.digest(of: file)))
    try file.write(to: path)
  }

  /// What is another number where any bit of texts or tensors is another.
  private static func digest(of file: Safetensors) -> String {
    var state: UInt64 = 0
    func add(_ word: UInt64) { state = (state ^ word).multipliedMixed }
    for (key, value) in file.metadata where key != digestKey {
      for byte in "\(key)=\(value)\n".utf8 { add(UInt64(byte)) }
    }
    for tensor in file.tensors {
      for byte in tensor.name.utf8 { add(UInt64(byte)) }
      for value in tensor.values { add(UInt64(value.bitPattern)) }
    }
    return String(state, radix: 16)
  }

  init(path: String) throws(UNetError) {
    let file = try Safetensors.read(path: path)
    func failure(_ detail: String) -> UNetError { UNetError(.model, "\(path): \(detail)") }
    model = try Model(file, path: path)
    let entries = file.entries
    guard let text = entries["optimizer.step"], let step = Int(text), step >= 0 else {
      throw failure("it is a model, not a checkpoint that training could go on from")
    }
    guard entries[Self.digestKey] == Self.digest(of: file) else {
      throw failure("the file is corrupt: its digest is not that of what it holds")
    }
    optimizerStep = step
    do throws(UNetError) {
      state = try TrainingState(metadata: entries)
    } catch {
      throw failure(error.detail)
    }
    identity = [:]
    for (key, value) in entries where key.hasPrefix(Self.identityPrefix) {
      identity[String(key.dropFirst(Self.identityPrefix.count))] = value
    }
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
    model: Model, moments: [[[Float]]], optimizerStep: Int, state: TrainingState,
    identity: [String: String]
  ) {
    (self.model, self.moments, self.optimizerStep) = (model, moments, optimizerStep)
    (self.state, self.identity) = (state, identity)
  }
}

extension UInt64 {
  /// A step of a hash: both halves of the product with an odd number (as in Wang Yi's wyhash), so that each bit counts.
  fileprivate var multipliedMixed: UInt64 {
    let product = (self &+ 0x9E37_79B9_7F4A_7C15).multipliedFullWidth(by: 0xD1B5_4A32_D192_ED03)
    return product.high ^ product.low
  }
}
