import Glibc
import Hausdorff

/// The values of a network's parameters, apart from any layout that a machine prefers.
public struct Weights: Equatable, Sendable {
  public let architecture: Architecture
  /// For each of `architecture.parameters`, its elements in C order.
  public private(set) var values: [[Float]]

  /// Takes values for each of `architecture.parameters`, of as many elements.
  public init(architecture: Architecture, values: [[Float]]) {
    precondition(values.map(\.count) == architecture.parameters.map(\.count), "a value for each element")
    (self.architecture, self.values) = (architecture, values)
  }

  /// Random weights to start from: normal with a variance of 2 / inputs for what a ReLU follows (He et al. 2015) and of
  /// 1 / inputs elsewhere; biases 0, batch normalisations the identity.
  public init(architecture: Architecture, seed: UInt64) {
    let parameters = architecture.parameters
    values = parameters.enumerated().map { index, parameter in
      switch parameter.role {
      case .bias, .shift, .runningMean: return [Float](repeating: 0, count: parameter.count)
      case .scale, .runningVariance: return [Float](repeating: 1, count: parameter.count)
      case .convolution, .transposedConvolution:
        let isRectified = parameter.shape[3] == 3
        let inputs =
          parameter.role == .convolution
          ? parameter.shape[1...].reduce(1, *) : parameter.shape[0]
        let deviation = ((isRectified ? 2 : 1) / Double(inputs)).squareRoot()
        var random = Random(seed: seed, 0, UInt64(index))
        return (0..<parameter.count).map { _ in Float(deviation * random.normal()) }
      }
    }
    self.architecture = architecture
  }

  /// The elements of the parameter of this name, which there is.
  public subscript(name: String) -> [Float] {
    get { values[index(of: name)] }
    set {
      let index = index(of: name)
      precondition(newValue.count == values[index].count, "as many elements")
      values[index] = newValue
    }
  }

  private func index(of name: String) -> Int {
    guard let index = architecture.parameters.firstIndex(where: { $0.name == name }) else {
      preconditionFailure("no parameter \(name)")
    }
    return index
  }
}
