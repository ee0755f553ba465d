import Hausdorff

/// Samples as a network sees them: normalised, in its size, and in training varied.
struct SampleReader: Sendable {
  let source: any SampleSource
  let preprocessing: Preprocessing
  let augmentation: Augmentation
  /// Share of training's windows that are centred on some pixel of the foreground.
  let foregroundCrops: Double
  /// What a network trains on.
  let height: Int
  let width: Int

  /// The same of other samples.
  func reading(_ source: any SampleSource) -> SampleReader {
    SampleReader(
      source: source, preprocessing: preprocessing, augmentation: augmentation,
      foregroundCrops: foregroundCrops, height: height, width: width)
  }

  private func normalized(_ index: Int) throws(UNetError) -> Sample {
    var sample = try source.sample(index)
    preprocessing.normalize(&sample.image, channels: sample.channels)
    return sample
  }

  /// A sample to validate on: all of it, in the network's size only where images are resized.
  func whole(_ index: Int) throws(UNetError) -> Sample {
    let sample = try normalized(index)
    guard preprocessing.fit == .resize else { return sample }
    let placement = Placement(height: height, width: width, ofSize: (sample.height, sample.width))
    var result = Sample(
      channels: sample.channels, height: height, width: width,
      image: [Float](repeating: 0, count: sample.channels * height * width),
      labels: [UInt8](repeating: 0, count: height * width))
    result.image.withUnsafeMutableBufferPointer { image in
      result.labels.withUnsafeMutableBufferPointer { place(sample, placement, image, $0) }
    }
    return result
  }

  /// A sample to train on.
  ///
  /// - Parameters:
  ///   - image: takes (channels, height, width).
  ///   - labels: takes (height, width).
  func draw(
    _ index: Int, _ random: inout Random, image: UnsafeMutableBufferPointer<Float>,
    labels: UnsafeMutableBufferPointer<UInt8>
  ) throws(UNetError) {
    let sample = try normalized(index)
    let turn = augmentation.turn(isSquare: height == width, &random)
    let placement =
      switch preprocessing.fit {
      case .resize:
        Placement(height: height, width: width, ofSize: (sample.height, sample.width), turn: turn)
      case .crop:
        Placement(height: height, width: width, around: windowCentre(in: sample, &random), turn: turn)
      }
    place(sample, placement, image, labels)
    let plane = height * width
    for channel in 0..<sample.channels {
      augmentation.vary(
        UnsafeMutableBufferPointer(rebasing: image[channel * plane..<(channel + 1) * plane]), &random)
    }
  }

  private func place(
    _ sample: Sample, _ placement: Placement, _ image: UnsafeMutableBufferPointer<Float>,
    _ labels: UnsafeMutableBufferPointer<UInt8>
  ) {
    let (plane, pixels) = (height * width, sample.height * sample.width)
    sample.image.withUnsafeBufferPointer { source in
      for channel in 0..<sample.channels {
        placement.interpolate(
          UnsafeBufferPointer(rebasing: source[channel * pixels..<(channel + 1) * pixels]),
          height: sample.height, width: sample.width,
          into: UnsafeMutableBufferPointer(rebasing: image[channel * plane..<(channel + 1) * plane]))
      }
    }
    sample.labels.withUnsafeBufferPointer { source in
      placement.pick(source, height: sample.height, width: sample.width, into: labels)
    }
  }

  /// The centre of a window within an image, or of the image along an axis in which it is no larger than the window.
  private func windowCentre(in sample: Sample, _ random: inout Random) -> (row: Double, column: Double) {
    let isFocused =
      (sample.height > height || sample.width > width) && foregroundCrops > 0
      && random.chance(foregroundCrops)
    let focus = isFocused ? Self.foregroundPixel(of: sample, &random) : nil
    func centre(_ size: Int, _ window: Int, _ focus: Int?) -> Double {
      guard size > window else { return Double(size - 1) / 2 }
      let first = focus.map { min(max(0, $0 - window / 2), size - window) }
      return Double(first ?? random.index(below: size - window + 1)) + Double(window - 1) / 2
    }
    let row = centre(sample.height, height, focus.map { $0 / sample.width })
    return (row, centre(sample.width, width, focus.map { $0 % sample.width }))
  }

  /// A pixel of the foreground, each as likely as any other; nil where there is none.
  private static func foregroundPixel(of sample: Sample, _ random: inout Random) -> Int? {
    let count = sample.labels.count { $0 > 0 }
    guard count > 0 else { return nil }
    var left = random.index(below: count)
    for (index, label) in sample.labels.enumerated() where label > 0 {
      if left == 0 { return index }
      left -= 1
    }
    return nil
  }
}
