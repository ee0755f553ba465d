import Glibc

/// A blur by a sampled Gaussian, cut off at three standard deviations; beyond its edges an image goes on as it ends.
struct GaussianBlur {
  /// Of offsets 0 and up; all of both sides sum to 1.
  private let weights: [Double]

  /// By a standard deviation of so many pixels; 0 changes nothing.
  init(deviation: Double) {
    guard deviation > 0 else {
      weights = [1]
      return
    }
    let half = (0...Int((3 * deviation).rounded(.up))).map { offset in
      exp(-Double(offset * offset) / (2 * deviation * deviation))
    }
    let sum = half[0] + 2 * half.dropFirst().reduce(0, +)
    weights = half.map { $0 / sum }
  }

  /// Blurs along rows, then along columns.
  func apply(to image: inout [Double], width: Int) {
    guard weights.count > 1 else { return }
    let height = image.count / width
    for row in 0..<height { apply(to: &image, start: row * width, stride: 1, count: width) }
    for column in 0..<width { apply(to: &image, start: column, stride: width, count: height) }
  }

  private func apply(to image: inout [Double], start: Int, stride: Int, count: Int) {
    let line = (0..<count).map { image[start + $0 * stride] }
    for at in 0..<count {
      var sum = weights[0] * line[at]
      for offset in 1..<weights.count {
        sum += weights[offset] * (line[max(at - offset, 0)] + line[min(at + offset, count - 1)])
      }
      image[start + at * stride] = sum
    }
  }
}
