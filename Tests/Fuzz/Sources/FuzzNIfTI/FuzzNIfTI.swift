import FuzzInput
import MaskFormats

@main struct FuzzNIfTI {
  static func main() {
    run { start, count in
      let bytes = Array(UnsafeBufferPointer(start: start, count: count))
      let plain = decode(bytes)
      // Packed, the same file must say the same; what is packed twice is none.
      if !bytes.starts(with: [0x1F, 0x8B]) {
        let packed = decode(stored(bytes))
        precondition((packed == nil) == (plain == nil) && packed?.shape == plain?.shape)
        if let packed, let plain { precondition(elements(packed) == elements(plain)) }
      }
      return 0
    }
  }
}

/// The array; nil where it is refused.
private func decode(_ bytes: [UInt8]) -> NumericArray? {
  do throws(FormatError) {
    let array = try NIfTI.decode(FuzzInput(bytes), limits: fuzzLimits)
    check(array)
    let geometry = array.geometry!
    precondition(geometry.spacing.count == array.shape.count && geometry.affine.count == 12)
    precondition(geometry.spacing.allSatisfy { $0 > 0 && $0.isFinite })
    check(array.slice)
    return array
  } catch {
    check(error)
    return nil
  }
}

private func elements(_ array: NumericArray) -> [UInt8] {
  array.withBytes { bytes in bytes.withUnsafeBytes { Array($0) } }
}
