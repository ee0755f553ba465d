import MaskFormats

/// Takes the arrays `images` and `masks` apart that NumPy's savez and savez_compressed put into an npz archive.
struct NPZImport {
  private let images: NumericArray
  private let masks: NumericArray
  private let layout: SampleLayout

  /// Takes the npy files that lie in `bytes`, of the archive that messages call `name`.
  ///
  /// - Throws: `DataSetError` for what is no npy file, and for shapes that do not fit.
  init(
    _ bytes: any ByteSource, images: Range<Int>, masks: Range<Int>, name: String, limits: ImportLimits
  ) throws(DataSetError) {
    func array(_ range: Range<Int>, _ title: String) throws(DataSetError) -> NumericArray {
      do throws(FormatError) {
        return try NPY.decode(bytes, range: range, limits: limits.format)
      } catch {
        throw DataSetError(error, in: "\(name): \(title)")
      }
    }
    let images = try array(images, ArchivedName.images)
    let masks = try array(masks, ArchivedName.masks)
    guard let imageCount = images.shape.first, let maskCount = masks.shape.first, imageCount == maskCount
    else {
      throw DataSetError(
        .invalid,
        "\(name): images of shape \(SampleLayout.text(images.shape)) and masks of \(SampleLayout.text(masks.shape)) "
          + "differ in number")
    }
    do throws(DataSetError) {
      layout = try SampleLayout(
        image: Array(images.shape.dropFirst()), mask: Array(masks.shape.dropFirst()),
        imageTitle: "each of images", maskTitle: "each of masks")
    } catch {
      throw error.within(name)
    }
    (self.images, self.masks) = (images, masks)
  }

  var count: Int { images.shape[0] }

  /// - Throws: `DataSetError.invalid`, in words without the archive's name, where it holds a value that it may not.
  func sample(_ index: Int) throws(DataSetError) -> ImportedSample {
    let pixels = layout.height * layout.width
    return try ImportedSample(
      name: "\(index)",
      image: .init(array: images, start: index * pixels * layout.channels, title: "images[\(index)]"),
      mask: .init(array: masks, start: index * pixels, title: "masks[\(index)]"), layout)
  }
}
