import CSpng
import Hausdorff

extension spng_ihdr {
  /// Samples per pixel as stored.
  var channelCount: Int {
    switch UInt32(color_type) {
    case SPNG_COLOR_TYPE_TRUECOLOR.rawValue: 3
    case SPNG_COLOR_TYPE_TRUECOLOR_ALPHA.rawValue: 4
    case SPNG_COLOR_TYPE_GRAYSCALE_ALPHA.rawValue: 2
    default: 1
    }
  }

  /// Whether samples are indices into a palette.
  var isIndexed: Bool { color_type == UInt8(SPNG_COLOR_TYPE_INDEXED.rawValue) }

  /// Type of the numbers that the samples become.
  var type: ScalarType { bit_depth == 16 ? .uint16 : .uint8 }

  /// Bytes of one row as stored.
  var rowCount: Int { (Int(width) * channelCount * Int(bit_depth) + 7) / 8 }
}

/// The samples of a decoded image, as stored, on their way to one number per pixel.
struct PNGSamples {
  let header: spng_ihdr
  let bytes: OwnedBytes

  /// One number per pixel: height by width, uint8 or uint16.
  func array(limits: FormatLimits) throws(FormatError) -> NumericArray {
    let shape = [Int(header.height), Int(header.width)]
    let count = try limits.byteCount(shape: shape, type: header.type)
    let samples: OwnedBytes =
      if header.bit_depth < 8 {
        try OwnedBytes(count: count, fill: unpack)
      } else if header.channelCount == 1 {
        bytes
      } else if header.type == .uint8 {
        try OwnedBytes(count: count) { (output) throws(FormatError) in try merge(UInt8.self, to: output) }
      } else {
        try OwnedBytes(count: count) { (output) throws(FormatError) in try merge(UInt16.self, to: output) }
      }
    return NumericArray(samples, shape: shape, type: header.type)
  }

  /// Spreads samples of 1, 2 or 4 bits, the leftmost in the highest bits, to a byte each.
  private func unpack(_ output: UnsafeMutableRawBufferPointer) {
    let width = Int(header.width)
    let depth = Int(header.bit_depth)
    let mask = UInt8(1 << depth - 1)
    bytes.withBytes { bytes in
      bytes.withUnsafeBytes { input in
        for row in 0..<Int(header.height) {
          let start = row * header.rowCount
          for column in 0..<width {
            let bit = column * depth
            output[row * width + column] = input[start + bit >> 3] >> (8 - depth - bit & 7) & mask
          }
        }
      }
    }
  }

  /// Reduces two to four channels to one.
  private func merge<Sample: FixedWidthInteger>(
    _: Sample.Type, to output: UnsafeMutableRawBufferPointer
  ) throws(FormatError) {
    let channelCount = header.channelCount
    let hasAlpha = channelCount % 2 == 0
    let output = output.bindMemory(to: Sample.self)
    try bytes.withBytes { (bytes) throws(FormatError) in
      try bytes.withUnsafeBytes { (input) throws(FormatError) in
        let input = input.bindMemory(to: Sample.self)
        for pixel in output.indices {
          let first = pixel * channelCount
          let grey = input[first]
          if channelCount >= 3, input[first + 1] != grey || input[first + 2] != grey {
            throw failure(pixel, "is coloured; a mask is grey or has a palette")
          }
          if hasAlpha, input[first + channelCount - 1] != Sample.max {
            throw failure(pixel, "is not opaque, and transparency has no meaning here")
          }
          output[pixel] = grey
        }
      }
    }
  }

  func failure(_ pixel: Int, _ what: String) -> FormatError {
    let (row, column) = pixel.quotientAndRemainder(dividingBy: Int(header.width))
    return FormatError(.unsupported, "the PNG pixel at row \(row), column \(column) \(what)")
  }
}
