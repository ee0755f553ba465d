import CSpng
import Hausdorff

extension PNGSamples {
  /// Three numbers per pixel, red, green and blue, of an image that stores them: height by width by 3.
  func colours(limits: FormatLimits) throws(FormatError) -> NumericArray {
    let shape = colourShape
    let count = try limits.byteCount(shape: shape, type: header.type)
    guard header.channelCount > 3 else { return NumericArray(bytes, shape: shape, type: header.type) }
    let size = header.type.byteCount
    let colours = try OwnedBytes(count: count) { (output) throws(FormatError) in
      try bytes.withBytes { (bytes) throws(FormatError) in
        try bytes.withUnsafeBytes { (input) throws(FormatError) in
          for pixel in 0..<count / (3 * size) {
            let start = pixel * 4 * size
            // Opaque is all bits set, at 8 bits and at 16.
            guard input[start + 3 * size..<start + 4 * size].allSatisfy({ $0 == .max }) else {
              throw failure(pixel, "is not opaque, and transparency has no meaning here")
            }
            for byte in 0..<3 * size { output[pixel * 3 * size + byte] = input[start + byte] }
          }
        }
      }
    }
    return NumericArray(colours, shape: shape, type: header.type)
  }

  /// The colour in `palette` of each pixel's index: height by width by 3.
  func colours(of palette: [SIMD4<UInt8>], limits: FormatLimits) throws(FormatError) -> NumericArray {
    let count = try limits.byteCount(shape: colourShape, type: .uint8)
    let indices = try array(limits: limits)
    let colours = try OwnedBytes(count: count) { (output) throws(FormatError) in
      try indices.withBytes { (bytes) throws(FormatError) in
        try bytes.withUnsafeBytes { (input) throws(FormatError) in
          for (pixel, index) in input.enumerated() {
            guard index < palette.count else {
              throw FormatError(.malformed, "the PNG file's palette has no index \(index)")
            }
            let colour = palette[Int(index)]
            guard colour.w == .max else {
              throw failure(pixel, "is not opaque, and transparency has no meaning here")
            }
            for channel in 0..<3 { output[pixel * 3 + channel] = colour[channel] }
          }
        }
      }
    }
    return NumericArray(colours, shape: colourShape, type: .uint8)
  }

  private var colourShape: [Int] { [Int(header.height), Int(header.width), 3] }
}
