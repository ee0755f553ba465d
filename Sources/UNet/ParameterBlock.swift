/// A network's parameters and their gradients as its layers take them: float32, in one piece each, channels padded to
/// whole blocks of 16 by zeros that stay zero.
///
/// Those that are trained come first, so that an optimiser sees one list of numbers.
final class ParameterBlock {
  /// Where a parameter's elements are.
  struct Slot {
    let offset: Int
    /// Extents with padded channels. A transposed convolution's are (4 · out, in): rows of one output pixel of four, top left,
    /// top right, bottom left, bottom right.
    let shape: [Int]
    var count: Int { shape.reduce(1, *) }
  }

  let architecture: Architecture
  /// How many numbers are trained, padding included.
  let trainedCount: Int
  let values: Buffer
  let gradients: Buffer
  private let parameters: [Architecture.Parameter]
  private let slots: [Slot]
  private let slotByName: [String: Slot]

  init(_ architecture: Architecture) throws(UNetError) {
    self.architecture = architecture
    let parameters = architecture.parameters
    self.parameters = parameters
    var slots = [Slot?](repeating: nil, count: parameters.count)
    var offset = 0
    func place(_ isPlaced: (Architecture.Parameter) -> Bool) {
      for (index, parameter) in parameters.enumerated() where isPlaced(parameter) {
        let slot = Slot(offset: offset, shape: Self.paddedShape(parameter))
        slots[index] = slot
        offset += Tensor.roundedUp(slot.count)
      }
    }
    place(\.role.isTrained)
    trainedCount = offset
    place { !$0.role.isTrained }
    self.slots = slots.map { $0! }
    slotByName = Dictionary(uniqueKeysWithValues: zip(parameters.map(\.name), self.slots))
    values = try Buffer(count: offset * 4)
    gradients = try Buffer(count: trainedCount * 4)
  }

  /// Where the parameter of this name, which there is, begins.
  func slot(_ name: String) -> Slot { slotByName[name]! }

  func value(_ name: String) -> UnsafeMutablePointer<Float> { element(slot(name).offset, of: values) }

  func gradient(_ name: String) -> UnsafeMutablePointer<Float> { element(slot(name).offset, of: gradients) }

  private func element(_ offset: Int, of buffer: Buffer) -> UnsafeMutablePointer<Float> {
    (buffer.start + offset * 4).assumingMemoryBound(to: Float.self)
  }

  private static func paddedShape(_ parameter: Architecture.Parameter) -> [Int] {
    let shape = parameter.shape
    switch parameter.role {
    case .convolution where isHead(parameter): return [shape[0], Tensor.roundedUp(shape[1])]
    case .convolution:
      return [Tensor.roundedUp(shape[0]), inputChannels(of: parameter).reduce(0) { $0 + $1.padded }]
        + shape[2...]
    case .transposedConvolution: return [4 * Tensor.roundedUp(shape[1]), Tensor.roundedUp(shape[0])]
    case .bias where isHead(parameter): return shape
    default: return [Tensor.roundedUp(shape[0])]
    }
  }

  private static func isHead(_ parameter: Architecture.Parameter) -> Bool {
    parameter.name.hasPrefix("head.")
  }

  /// The parts of a convolution's input: two in a decoder's first, which appends; an image's channels are not padded.
  private static func inputChannels(of parameter: Architecture.Parameter) -> [(count: Int, padded: Int)] {
    let channels = parameter.shape[1]
    if parameter.name == "encoder.0.convolution1.weight" { return [(channels, channels)] }
    guard parameter.name.hasPrefix("decoder."), parameter.name.hasSuffix(".convolution1.weight") else {
      return [(channels, Tensor.roundedUp(channels))]
    }
    return [(channels / 2, Tensor.roundedUp(channels / 2)), (channels / 2, Tensor.roundedUp(channels / 2))]
  }

  /// Calls a closure with each element's index in the parameter and in its slot.
  private static func forEachElement(of parameter: Architecture.Parameter, _ each: (Int, Int) -> Void) {
    let shape = parameter.shape
    var index = 0
    switch parameter.role {
    case .transposedConvolution:
      let (input, output) = (shape[0], shape[1])
      for i in 0..<input {
        for o in 0..<output {
          for corner in 0..<4 {
            each(index, (corner * Tensor.roundedUp(output) + o) * Tensor.roundedUp(input) + i)
            index += 1
          }
        }
      }
    case .convolution:
      let parts = inputChannels(of: parameter)
      let (row, area) = (parts.reduce(0) { $0 + $1.padded }, shape[2] * shape[3])
      for o in 0..<shape[0] {
        var channel = o * row
        for part in parts {
          for i in 0..<part.count * area {
            each(index, channel * area + i)
            index += 1
          }
          channel += part.padded
        }
      }
    default: for i in 0..<shape[0] { each(i, i) }
    }
  }

  /// Takes these values.
  func load(_ weights: Weights) {
    precondition(weights.architecture == architecture)
    load(weights.values, into: values)
  }

  /// Takes numbers by parameter, none for some, into a buffer that is laid out like the values.
  func load(_ numbers: [[Float]], into buffer: Buffer) {
    for (index, parameter) in parameters.enumerated() where !numbers[index].isEmpty {
      let slot = element(slots[index].offset, of: buffer)
      numbers[index].withUnsafeBufferPointer { elements in
        Self.forEachElement(of: parameter) { slot[$1] = elements[$0] }
      }
    }
  }

  /// Name of the first parameter whose gradient is not finite, if one is not.
  var firstNotFinite: String {
    zip(parameters, trained(gradients)).first { !$1.allSatisfy(\.isFinite) }?.0.name
      ?? "all parameters together"
  }

  /// A copy of the values.
  var weights: Weights { Weights(architecture: architecture, values: copy(values) { _ in true }) }

  /// A copy, by parameter, of a buffer that is laid out like the gradients; empty for what is not trained.
  func trained(_ buffer: Buffer) -> [[Float]] { copy(buffer, where: \.role.isTrained) }

  private func copy(_ buffer: Buffer, where isWanted: (Architecture.Parameter) -> Bool) -> [[Float]] {
    parameters.enumerated().map { index, parameter in
      guard isWanted(parameter) else { return [] }
      let slot = element(slots[index].offset, of: buffer)
      return [Float](unsafeUninitializedCapacity: parameter.count) { elements, count in
        Self.forEachElement(of: parameter) { elements[$0] = slot[$1] }
        count = parameter.count
      }
    }
  }
}
