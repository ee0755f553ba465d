/// An image with a label for each of its pixels.
public struct Sample: Equatable, Sendable {
  /// Channels of the image.
  public var channels: Int
  /// Pixels along each axis.
  public var height: Int
  public var width: Int
  /// (channels, height, width)
  public var image: [Float]
  /// (height, width): with one class what is not 0 is foreground, else each pixel's class.
  public var labels: [UInt8]

  /// Takes as many values and labels as the extents say.
  public init(channels: Int, height: Int, width: Int, image: [Float], labels: [UInt8]) {
    precondition(image.count == channels * height * width && labels.count == height * width)
    (self.channels, self.height, self.width) = (channels, height, width)
    (self.image, self.labels) = (image, labels)
  }
}

/// Images with labels to train on, of one number of channels. Read from several threads at once.
public protocol SampleSource: Sendable {
  /// Number of samples.
  var count: Int { get }
  /// Channels of each image.
  var channels: Int { get }
  /// What is the same only while the samples are.
  var digest: String { get }
  /// What messages call a sample.
  func name(of index: Int) -> String
  /// Pixels of a sample along each axis.
  func size(of index: Int) -> (height: Int, width: Int)
  /// The largest label of a sample; 0 where it has no foreground.
  func largestLabel(of index: Int) -> Int
  /// A sample as it was taken, neither normalised nor resized.
  ///
  /// - Throws: `UNetError` where it cannot be read any more.
  func sample(_ index: Int) throws(UNetError) -> Sample
}
