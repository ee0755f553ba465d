extension Weights {
  /// The same function in inference without batch normalisations: their running statistics, factors and summands have
  /// become part of the convolutions before them.
  public var folded: Weights {
    guard architecture.normalization == .batch else { return self }
    var plain = architecture
    plain.normalization = .none
    let old = Dictionary(
      uniqueKeysWithValues: zip(architecture.parameters.map(\.name), values))
    let new = plain.parameters.map { parameter -> [Float] in
      let parts = parameter.name.split(separator: ".")
      guard let index = parts.firstIndex(where: { $0.hasPrefix("convolution") }) else {
        return old[parameter.name]!
      }
      let block = parts[..<index].joined(separator: ".")
      let normalization = "\(block).normalization\(parts[index].last!)"
      func tensor(_ name: String) -> [Float] { old["\(normalization).\(name)"]! }
      let (scale, shift, mean) = (tensor("weight"), tensor("bias"), tensor("running_mean"))
      let factors = zip(scale, tensor("running_var")).map { scale, variance in
        Double(scale) / (Double(variance) + Activation.epsilon).squareRoot()
      }
      guard parameter.role == .convolution else {
        return shift.indices.map { Float(Double(shift[$0]) - Double(mean[$0]) * factors[$0]) }
      }
      let inputs = parameter.count / factors.count
      return old[parameter.name]!.enumerated().map { Float(Double($1) * factors[$0 / inputs]) }
    }
    return Weights(architecture: plain, values: new)
  }
}
