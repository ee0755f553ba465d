/// A trained network with what is done to its images first, as a `.safetensors` file keeps it.
///
/// Tensors have the names and shapes of `Architecture.parameters`. The file's metadata has `format`, which is
/// `hausdorffd-unet-1`, `architecture.*`, `preprocessing.*`, and whatever else was given.
public struct Model: Sendable {
  /// The version of the format; a file of another is refused.
  static let format = "hausdorffd-unet-1"
  /// What the names of an optimiser's moments begin with in a checkpoint, which is a model with these besides.
  static let momentPrefixes = ["moment1.", "moment2."]

  /// The network.
  public var weights: Weights
  /// What is done to an image before the network sees it.
  public var preprocessing: Preprocessing
  /// Further texts, such as the figures of an epoch; no name is `format`, begins with `architecture.` or
  /// `preprocessing.`, or comes twice.
  public var metadata: [(String, String)]

  /// A model to write.
  public init(weights: Weights, preprocessing: Preprocessing, metadata: [(String, String)] = []) {
    (self.weights, self.preprocessing, self.metadata) = (weights, preprocessing, metadata)
  }

  /// Reads a model, or the model of a checkpoint, from a file that may come from anywhere.
  ///
  /// - Throws: `UNetError.model` for what is no such file, for an architecture that cannot be built, and for tensors that
  ///   are not that architecture's or not finite, each by name; `UNetError.system` where it cannot be read.
  public init(path: String) throws(UNetError) {
    try self.init(Safetensors.read(path: path) { !Self.isMoment($0) }, path: path)
  }

  /// Writes the file, which is there whole or not at all.
  ///
  /// - Throws: `UNetError.system` where it cannot be written; a previous file of that name is then as it was.
  public func write(to path: String) throws(UNetError) { try file.write(to: path) }
}

extension Model {
  /// What the file of the model holds.
  var file: Safetensors {
    Safetensors(
      metadata: allMetadata,
      tensors: zip(weights.architecture.parameters, weights.values).map { parameter, values in
        Safetensors.Tensor(name: parameter.name, shape: parameter.shape, values: values)
      })
  }

  /// The metadata with that of the format.
  var allMetadata: [(String, String)] {
    precondition(!metadata.contains { Self.isOfFormat($0.0) }, "a name that the format does not use")
    return [("format", Self.format)] + weights.architecture.metadata + preprocessing.metadata + metadata
  }

  /// The model that a file holds; moments are left out.
  init(_ file: Safetensors, path: String) throws(UNetError) {
    do throws(UNetError) {
      let entries = file.entries
      guard let format = entries["format"] else {
        throw UNetError(.model, "not a model of hausdorffd: its metadata has no 'format'")
      }
      guard format == Self.format else {
        throw UNetError(.model, "format \(String(reflecting: format)) is not known; '\(Self.format)' is")
      }
      let architecture = try Architecture(metadata: entries)
      self.init(
        weights: Weights(
          architecture: architecture, values: try Self.values(of: architecture, in: file.tensors)),
        preprocessing: try Preprocessing(metadata: entries),
        metadata: file.metadata.filter { !Self.isOfFormat($0.0) })
    } catch {
      throw UNetError(error.kind, "\(path): \(error.detail)")
    }
  }

  private static func values(
    of architecture: Architecture, in tensors: [Safetensors.Tensor]
  ) throws(UNetError) -> [[Float]] {
    var rest = Dictionary(tensors.filter { !isMoment($0.name) }.map { ($0.name, $0) }) { $1 }
    var values: [[Float]] = []
    for parameter in architecture.parameters {
      guard let tensor = rest.removeValue(forKey: parameter.name) else {
        throw UNetError(.model, "the model lacks tensor '\(parameter.name)'")
      }
      guard tensor.shape == parameter.shape else {
        throw UNetError(
          .model,
          "tensor '\(parameter.name)' has shape \(tensor.shape); in this architecture it is \(parameter.shape)"
        )
      }
      guard tensor.values.allSatisfy(\.isFinite) else {
        throw UNetError(.model, "tensor '\(parameter.name)' has a value that is not finite")
      }
      values.append(tensor.values)
    }
    if let name = rest.keys.min() {
      throw UNetError(.model, "tensor \(String(reflecting: name)) is not one of this architecture")
    }
    return values
  }

  private static func isMoment(_ name: String) -> Bool { momentPrefixes.contains(where: name.hasPrefix) }

  private static func isOfFormat(_ name: String) -> Bool {
    name == "format" || name.hasPrefix("architecture.") || name.hasPrefix("preprocessing.")
  }
}
