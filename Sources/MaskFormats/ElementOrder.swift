import Hausdorff

/// How a file lays out the elements of an array, where that is not C order in the byte order of this machine.
struct ElementOrder {
  let shape: [Int]
  let type: ScalarType
  let isByteSwapped: Bool
  /// Whether the first axis is the one that varies fastest.
  let isFortranOrder: Bool

  init(shape: [Int], type: ScalarType, isByteSwapped: Bool, isFortranOrder: Bool) {
    self.shape = shape
    self.type = type
    self.isByteSwapped = isByteSwapped && type.byteCount > 1
    self.isFortranOrder = isFortranOrder && shape.count { $0 > 1 } > 1
  }

  /// Whether the elements need no change.
  var isNative: Bool { !isByteSwapped && !isFortranOrder }

  /// The elements of `bytes`, which has the length that shape and type say, in C order and native byte order.
  func native(_ bytes: RawSpan) throws(FormatError) -> OwnedBytes {
    try OwnedBytes(count: bytes.byteCount) { output in
      bytes.withUnsafeBytes { input in
        switch type.byteCount {
        case 1: copy(UInt8.self, input, output)
        case 2: copy(UInt16.self, input, output)
        case 4: copy(UInt32.self, input, output)
        default: copy(UInt64.self, input, output)
        }
      }
    }
  }

  private func copy<Element: FixedWidthInteger>(
    _: Element.Type, _ input: UnsafeRawBufferPointer, _ output: UnsafeMutableRawBufferPointer
  ) {
    let output = output.bindMemory(to: Element.self)
    if isFortranOrder {
      transpose(input, to: output)
    } else {
      for at in output.indices {
        output[at] =
          input.loadUnaligned(fromByteOffset: at * MemoryLayout<Element>.size, as: Element.self).byteSwapped
      }
    }
  }

  /// Exchanges the first axis, dense in the input, with the last, dense in the output, plane by plane over those between.
  private func transpose<Element: FixedWidthInteger>(
    _ input: UnsafeRawBufferPointer, to output: UnsafeMutableBufferPointer<Element>
  ) {
    // Axes of one element do not matter, and would make planes of one column.
    let shape = shape.filter { $0 > 1 }
    let rank = shape.count
    var inputStrides = [Int](repeating: 1, count: rank)
    var outputStrides = inputStrides
    for axis in 1..<rank { inputStrides[axis] = inputStrides[axis - 1] * shape[axis - 1] }
    for axis in (0..<rank - 1).reversed() { outputStrides[axis] = outputStrides[axis + 1] * shape[axis + 1] }
    let between = 1..<rank - 1
    PlaneTransposer<Element>.lend(
      rows: shape[0], columns: shape[rank - 1], inputStride: inputStrides[rank - 1],
      outputStride: outputStrides[0], isByteSwapped: isByteSwapped
    ) { transposer in
      for plane in 0..<between.reduce(1, { $0 * shape[$1] }) {
        var (rest, inputStart, outputStart) = (plane, 0, 0)
        for axis in between.reversed() {
          let (quotient, index) = rest.quotientAndRemainder(dividingBy: shape[axis])
          rest = quotient
          inputStart += index * inputStrides[axis]
          outputStart += index * outputStrides[axis]
        }
        transposer.transpose(
          input.baseAddress! + inputStart * MemoryLayout<Element>.size, to: output.baseAddress! + outputStart)
      }
    }
  }
}
