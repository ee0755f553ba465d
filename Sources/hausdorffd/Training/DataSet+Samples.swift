public import Training
public import UNet

extension DataSet: SampleSource {
  public func sample(_ index: Int) throws(UNetError) -> Sample {
    let size = size(of: index)
    return Sample(
      channels: channels, height: size.height, width: size.width, image: image(index), labels: labels(index))
  }

  /// The samples that a command line names: an npz file, a folder or archive, or `synthetic:…`.
  static func named(
    _ name: String, scratch: String, progress: (Int, Int) -> Void
  ) throws(DataSetError) -> DataSet {
    guard SyntheticShapes.isMeant(by: name) else {
      return try importing(name, scratch: scratch, progress: progress)
    }
    return try drawing(SyntheticShapes(text: name), scratch: scratch, progress: progress)
  }
}
