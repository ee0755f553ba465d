/// How a file lays out the elements of an array, where that is not C order in the byte order of this machine.
struct ElementOrder {
  var shape: [Int]
  /// Bytes of an element: 1, 2, 4 or 8.
  var elementSize: Int
  var isByteSwapped: Bool
  /// Whether the first axis is the one that varies fastest.
  var isFortranOrder: Bool

  /// The elements of `bytes`, which has the length that shape and size say, in C order and native byte order.
  func native(_ bytes: RawSpan) throws(FormatError) -> OwnedBytes {
    try OwnedBytes(count: bytes.byteCount) { output in
      bytes.withUnsafeBytes { input in
        switch elementSize {
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
      for at in output.indices { output[at] = element(input, at) }
    }
  }

  @inline(__always)
  private func element<Element: FixedWidthInteger>(_ input: UnsafeRawBufferPointer, _ at: Int) -> Element {
    let element = input.loadUnaligned(fromByteOffset: at * MemoryLayout<Element>.size, as: Element.self)
    return isByteSwapped ? element.byteSwapped : element
  }

  /// Exchanges the first axis, dense in the input, with the last, dense in the output, plane by plane over those between.
  private func transpose<Element: FixedWidthInteger>(
    _ input: UnsafeRawBufferPointer, to output: UnsafeMutableBufferPointer<Element>
  ) {
    let rank = shape.count
    var inputStrides = [Int](repeating: 1, count: rank)
    var outputStrides = inputStrides
    for axis in 1..<rank { inputStrides[axis] = inputStrides[axis - 1] * shape[axis - 1] }
    for axis in (0..<rank - 1).reversed() { outputStrides[axis] = outputStrides[axis + 1] * shape[axis + 1] }
    let between = 1..<rank - 1
    for plane in 0..<between.reduce(1, { $0 * shape[$1] }) {
      var (rest, inputStart, outputStart) = (plane, 0, 0)
      for axis in between.reversed() {
        let (quotient, index) = rest.quotientAndRemainder(dividingBy: shape[axis])
        rest = quotient
        inputStart += index * inputStrides[axis]
        outputStart += index * outputStrides[axis]
      }
      // Blocks keep the lines of the cache that one side strides over until the other has used them up.
      let block = 32
      for row in stride(from: 0, to: shape[0], by: block) {
        for column in stride(from: 0, to: shape[rank - 1], by: block) {
          for r in row..<min(row + block, shape[0]) {
            for c in column..<min(column + block, shape[rank - 1]) {
              output[outputStart + r * outputStrides[0] + c] = element(
                input, inputStart + r + c * inputStrides[rank - 1])
            }
          }
        }
      }
    }
  }
}
