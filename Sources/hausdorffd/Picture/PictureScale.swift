import Glibc

/// How large the points of a mask are drawn.
struct PictureScale: Equatable {
  /// The longest axis that is drawn.
  static let maximumExtent = 8192

  /// Pixels of a point, down and across.
  let down, across: Int
  /// Pixels of a letter's pixel, which everything beside the mask is measured in.
  let unit: Int
  /// Whether rows and columns have one scale, but for some percent.
  let isTrue: Bool

  /// Enlarges by a whole factor, so that the longer side has about 512 pixels or more; equal lengths of both axes are
  /// equally long where that does not make the picture too large.
  init(shape: [Int], spacing: [Double]) {
    let least = spacing.min()!
    // Rows or columns that are far apart are stretched to this many pixels at most.
    let ratios = zip(shape, spacing).map { extent, size in
      max(1, min(size / least, Double(Self.stretched) / Double(extent)))
    }
    let longest = zip(shape, ratios).map { Double($0) * $1 }.max()!
    let factor = max(
      1, (Self.wanted / longest).rounded(.up), min(6, (Self.comfortable / longest).rounded(.down)))
    let sizes = ratios.map { max(1, Int((factor * $0).rounded())) }
    (down, across) = (sizes[0], sizes[1])
    let drawn = (Double(down) / Double(across), spacing[0] / spacing[1])
    isTrue = abs(log(drawn.0) - log(drawn.1)) < 0.05
    let longer = max(shape[0] * down, shape[1] * across)
    unit = max(2, Int((Double(longer) / 384).rounded()))
  }

  private static let wanted = 544.0
  private static let comfortable = 1536.0
  private static let stretched = 2048

  /// Width of outlines.
  var stroke: Int { max(1, min(min(down, across) / 3, unit + 1)) }
}
