/// What is done to an image before a network sees it, in training and afterwards; saved with the model.
public struct Preprocessing: Equatable, Sendable {
  /// How a channel's values are brought to a common range, from its own statistics.
  public enum Normalization: String, CaseIterable, Sendable {
    /// Less the mean, by the standard deviation; of a constant channel 0.
    case zscore
    /// From 0, the least value, to 1, the largest; of a constant channel 0.
    case minmax
    case none
  }

  /// How an image comes to `inputSize`.
  public enum Fit: String, CaseIterable, Sendable {
    /// A window of it, zeros around it where it is smaller. What is predicted afterwards may be of any size.
    case crop
    /// All of it, interpolated. What is predicted afterwards is interpolated back.
    case resize
  }

  /// How a channel's values are brought to a common range.
  public var normalization = Normalization.zscore
  /// Percentiles that a channel's values are first clipped to, such as 1 and 99; nil for no clipping.
  public var clip: ClosedRange<Double>?
  /// How an image comes to `inputSize`.
  public var fit = Fit.crop
  /// Height and width that a network trains on; nil for those of the images, which then are all the same.
  public var inputSize: [Int]?

  /// z-scores of images in their own size.
  public init() {}

  /// Most pixels along an axis of `inputSize`.
  static let maximumExtent = 8192
  /// What a height or width to train on may be.
  public static let extents = 1...maximumExtent

  /// Refuses what has no meaning, in words that name the value at fault.
  public func validate() throws(UNetError) {
    if let clip, clip.lowerBound < 0 || clip.upperBound > 100 || clip.lowerBound >= clip.upperBound {
      throw UNetError(.configuration, "clip_percentiles must be two rising percentiles from 0 to 100")
    }
    guard let inputSize else {
      guard fit == .crop else { throw UNetError(.configuration, "resize needs input_size") }
      return
    }
    guard inputSize.count == 2, inputSize.allSatisfy(Self.extents.contains) else {
      throw UNetError(
        .configuration, "input_size must be a height and a width from 1 to \(Self.maximumExtent)")
    }
  }

  /// Clips and normalises an image, (channels, pixels), in place.
  public func normalize(_ image: inout [Float], channels: Int) {
    let pixels = image.count / channels
    image.withUnsafeMutableBufferPointer { image in
      for channel in 0..<channels {
        normalize(UnsafeMutableBufferPointer(rebasing: image[channel * pixels..<(channel + 1) * pixels]))
      }
    }
  }

  private func normalize(_ values: UnsafeMutableBufferPointer<Float>) {
    if let clip {
      var sorted = Array(values)
      let last = Double(values.count - 1)
      let high = sorted.select(Int((clip.upperBound / 100 * last).rounded()))
      let low = sorted.select(Int((clip.lowerBound / 100 * last).rounded()))
      for index in values.indices { values[index] = min(max(values[index], low), high) }
    }
    let shift: Double
    let range: Double
    switch normalization {
    case .none: return
    case .zscore:
      shift = values.reduce(0) { $0 + Double($1) } / Double(values.count)
      let squares = values.reduce(0) { $0 + (Double($1) - shift) * (Double($1) - shift) }
      range = (squares / Double(values.count)).squareRoot()
    case .minmax:
      shift = Double(values.min() ?? 0)
      range = Double(values.max() ?? 0) - shift
    }
    let factor = range > 0 ? 1 / range : 0
    for index in values.indices { values[index] = Float((Double(values[index]) - shift) * factor) }
  }
}

extension [Float] {
  /// The value that would be at `rank` if they were sorted; rearranges them (Hoare's quickselect).
  mutating func select(_ rank: Int) -> Float {
    var (low, high) = (0, count - 1)
    while low < high {
      let pivot = self[(low + high) / 2]
      var (left, right) = (low, high)
      while left <= right {
        while self[left] < pivot { left += 1 }
        while self[right] > pivot { right -= 1 }
        if left <= right {
          swapAt(left, right)
          left += 1
          right -= 1
        }
      }
      if rank <= right {
        high = right
      } else if rank >= left {
        low = left
      } else {
        break
      }
    }
    return self[rank]
  }
}

extension Preprocessing {
  /// As text to save with a model.
  var metadata: [(String, String)] {
    var entries = [
      ("preprocessing.normalization", normalization.rawValue), ("preprocessing.fit", fit.rawValue),
    ]
    if let clip { entries.append(("preprocessing.clip", "\(clip.lowerBound) \(clip.upperBound)")) }
    if let inputSize {
      entries.append(("preprocessing.input_size", inputSize.map(String.init).joined(separator: " ")))
    }
    return entries
  }

  /// - Throws: `UNetError.model` where an entry has no meaning.
  init(metadata: [String: String]) throws(UNetError) {
    func invalid(_ key: String) -> UNetError { UNetError(.model, "the model's '\(key)' is invalid") }
    func choice<Choice: RawRepresentable<String>>(_ key: String, _: Choice.Type) throws(UNetError) -> Choice {
      guard let text = metadata[key], let choice = Choice(rawValue: text) else { throw invalid(key) }
      return choice
    }
    normalization = try choice("preprocessing.normalization", Normalization.self)
    fit = try choice("preprocessing.fit", Fit.self)
    if let text = metadata["preprocessing.clip"] {
      let bounds = text.split(separator: " ").compactMap { Double($0) }
      guard bounds.count == 2, bounds[0] < bounds[1] else { throw invalid("preprocessing.clip") }
      clip = bounds[0]...bounds[1]
    }
    if let text = metadata["preprocessing.input_size"] {
      inputSize = text.split(separator: " ").compactMap { Int($0) }
    }
    do throws(UNetError) { try validate() } catch { throw UNetError(.model, error.detail) }
  }
}
