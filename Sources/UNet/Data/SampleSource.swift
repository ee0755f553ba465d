/// An image with a label for each of its pixels.
public struct Sample: Equatable, Sendable {
  public var channels: Int
  public var height: Int
  public var width: Int
  /// (channels, height, width)
  public var image: [Float]
  /// (height, width): with one class what is not 0 is foreground, else each pixel's class.
  public var labels: [UInt8]

  public init(channels: Int, height: Int, width: Int, image: [Float], labels: [UInt8]) {
    precondition(image.count == channels * height * width && labels.count == height * width)
    (self.channels, self.height, self.width) = (channels, height, width)
    (self.image, self.labels) = (image, labels)
  }
}

/// Images with labels to train on, of one number of channels. Read from several threads at once.
public protocol SampleSource: Sendable {
  var count: Int { get }
  /// Channels of each image.
  var channels: Int { get }
  /// What is the same only while the samples are.
  var digest: String { get }
  /// What messages call a sample.
  func name(of index: Int) -> String
  func size(of index: Int) -> (height: Int, width: Int)
  /// The largest label of a sample; 0 where it has no foreground.
  func largestLabel(of index: Int) -> Int
  /// - Throws: `UNetError` where it cannot be read any more.
  func sample(_ index: Int) throws(UNetError) -> Sample
}
