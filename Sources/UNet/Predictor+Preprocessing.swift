extension Predictor {
  /// Probabilities of an image as it was taken, (classes, height, width).
  ///
  /// - Parameters:
  ///   - image: (in_channels, height, width), of any size.
  ///   - preprocessing: that of the model; where it resizes, the probabilities are interpolated back.
  public func probabilities(
    of image: [Float], height: Int, width: Int, preprocessing: Preprocessing
  ) throws(UNetError) -> [Float] {
    precondition(image.count == architecture.inChannels * height * width)
    var image = image
    preprocessing.normalize(&image, channels: architecture.inChannels)
    guard preprocessing.fit == .resize, let size = preprocessing.inputSize else {
      return try probabilities(of: image, height, width)
    }
    let input = Self.resize(image, from: (height, width), to: (size[0], size[1]))
    let values = try probabilities(of: input, size[0], size[1])
    return Self.resize(values, from: (size[0], size[1]), to: (height, width))
  }

  private func probabilities(
    of image: [Float], _ height: Int, _ width: Int
  ) throws(UNetError) -> [Float] {
    try image.withUnsafeBufferPointer { (image) throws(UNetError) in
      try probabilities(of: image, height: height, width: width)
    }
  }

  /// Planes of one size in another, interpolated linearly.
  private static func resize(
    _ planes: [Float], from size: (height: Int, width: Int), to other: (height: Int, width: Int)
  ) -> [Float] {
    let (pixels, others) = (size.height * size.width, other.height * other.width)
    let placement = Placement(height: other.height, width: other.width, ofSize: size)
    var result = [Float](repeating: 0, count: planes.count / pixels * others)
    result.withUnsafeMutableBufferPointer { result in
      planes.withUnsafeBufferPointer { planes in
        for plane in 0..<planes.count / pixels {
          placement.interpolate(
            UnsafeBufferPointer(rebasing: planes[plane * pixels..<(plane + 1) * pixels]),
            height: size.height, width: size.width,
            into: UnsafeMutableBufferPointer(rebasing: result[plane * others..<(plane + 1) * others]))
        }
      }
    }
    return result
  }

  /// The most probable class of each pixel; of one class, 1 where its probability is above `threshold`.
  ///
  /// - Parameter probabilities: (classes, pixels).
  public static func labels(
    of probabilities: [Float], classes: Int, threshold: Double = 0.5
  ) -> [UInt8] {
    guard classes > 1 else { return probabilities.map { Double($0) > threshold ? 1 : 0 } }
    return [UInt8](unsafeUninitializedCapacity: probabilities.count / classes) { labels, count in
      count = probabilities.count / classes
      probabilities.withUnsafeBufferPointer {
        Validation.classify(
          $0, classes: classes, into: UnsafeMutableBufferPointer(rebasing: labels[..<count]))
      }
    }
  }
}
