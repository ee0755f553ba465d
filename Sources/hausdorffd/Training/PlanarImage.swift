import MaskFormats

/// An image as a network takes it, out of an array of one of the shapes that files have.
struct PlanarImage {
  let height: Int
  let width: Int
  /// (channels, height, width)
  let values: [Float]

  /// (height, width) for one channel; with channels last, or else first. Nil for any other shape.
  init?(_ array: NumericArray, channels: Int) {
    guard let layout = Self.layout(of: array.shape, channels: channels) else { return nil }
    let isLast = layout.isLast
    (height, width) = (layout.height, layout.width)
    let pixels = height * width
    values = (0..<channels).flatMap { channel in
      (isLast
        ? array.doubles(from: channel, stride: channels, count: pixels)
        : array.doubles(from: channel * pixels, count: pixels)).map { Float($0) }
    }
  }

  /// What an array of this shape would be; nil where it would be none.
  static func layout(of shape: [Int], channels: Int) -> (height: Int, width: Int, isLast: Bool)? {
    switch shape.count {
    case 2 where channels == 1: (shape[0], shape[1], true)
    case 3 where shape[2] == channels: (shape[0], shape[1], true)
    case 3 where shape[0] == channels: (shape[1], shape[2], false)
    default: nil
    }
  }

  /// Where the first value is that is not finite, such as `row 3, column 5`; nil where all are.
  var firstNotFinite: String? {
    values.firstIndex { !$0.isFinite }.map { index in
      let pixel = index % (height * width)
      return "row \(pixel / width), column \(pixel % width)"
    }
  }

  /// The shapes that are taken, for messages.
  static func shapes(channels: Int) -> String {
    (channels == 1 ? "(H, W), " : "") + "(H, W, \(channels)) or (\(channels), H, W)"
  }
}
