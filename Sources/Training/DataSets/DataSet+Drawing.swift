import Hausdorff
import MaskFormats

extension DataSet {
  /// Draws the samples that `shapes` asks for into a file without a name in the folder `scratch`, gone with the data set.
  ///
  /// Images are int16, a thousand for a brightness of 1.
  ///
  /// - Throws: `DataSetError.invalid` for options out of their ranges, `unavailable` where the file cannot be written, and
  ///   what `progress` throws.
  public static func drawing(
    _ shapes: SyntheticShapes, scratch: String, progress: Progress = { _, _ in }
  ) throws(DataSetError) -> DataSet {
    try drawing(shapes, to: .scratch(folder: scratch), progress)
  }

  /// Draws samples likewise, and keeps the file as `file`, which is there only once it is whole and on the disk.
  public static func drawing(
    _ shapes: SyntheticShapes, keptAs file: String,
    progress: Progress = { _, _ in }
  ) throws(DataSetError) -> DataSet {
    try drawing(shapes, to: .file(path: file), progress)
  }

  private static func drawing(
    _ shapes: SyntheticShapes, to destination: Destination, _ progress: Progress
  ) throws(DataSetError) -> DataSet {
    try shapes.validate()
    return try collect(shapes.samples, "synthetic", destination, ImportLimits(), progress) {
      (index) throws(DataSetError) in
      var scene = SyntheticScene(shapes, index: index)
      let (image, labels) = scene.draw()
      // Whole numbers, so that what mathematics libraries disagree on, in the last of 53 bits, does not show.
      let values = image.map { Int16(max(-32_768, min((1000 * $0).rounded(), 32_767))) }
      let title = "synthetic[\(index)]"
      do throws(FormatError) {
        let plane = try Raw.array(
          ShortNumbers(values), shape: [shapes.height, shapes.width], type: .int16)
        return ImportedSample(
          name: "\(index)", title: title, height: shapes.height, width: shapes.width, planes: [plane],
          labels: labels)
      } catch {
        throw DataSetError(error, in: title)
      }
    }
  }
}

/// Numbers of 16 bits as the bytes of an array.
private final class ShortNumbers: ByteSource {
  let paddingCount = 0
  private let values: [Int16]

  init(_ values: [Int16]) { self.values = values }

  var count: Int { values.count * MemoryLayout<Int16>.size }

  func withBytes<Result, Failure: Error>(
    _ body: (RawSpan) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    let values = values
    let bytes = values.span.bytes
    return try body(bytes)
  }
}
