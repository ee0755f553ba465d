import Hausdorff

extension NumericArray {
  /// Each value times `slope`, and then plus `intercept`, as float64.
  ///
  /// - Throws: `FormatError.tooLarge` where there is no memory.
  func scaled(by slope: Double, plus intercept: Double) throws(FormatError) -> NumericArray {
    let count = byteCount / type.byteCount
    let bytes = try OwnedBytes(count: count * MemoryLayout<Double>.size) { output in
      withBytes { bytes in
        bytes.withUnsafeBytes { input in
          convert(input, start: 0, stride: 1, to: output.bindMemory(to: Double.self)) {
            $0 * slope + intercept
          }
        }
      }
    }
    return NumericArray(
      source: bytes, range: 0..<bytes.count, shape: shape, type: .float64, geometry: geometry)
  }
}
