import MaskFormats

/// Reads the arrays `images` and `masks` of an npz archive, as NumPy's savez and savez_compressed write them.
struct NPZImport {
  /// The first bytes of every zip archive that holds something.
  static let magic: [UInt8] = [0x50, 0x4B, 0x03, 0x04]

  private let images: NumericArray
  private let masks: NumericArray
  private let layout: SampleLayout

  /// Reads the archive at `path`, keeping the arrays in files without a name in the folder `scratch` meanwhile.
  ///
  /// - Throws: `DataSetError` for a broken archive, for one that lacks an array, and for shapes that do not fit.
  init(path: String, scratch: String, limits: ImportLimits) throws(DataSetError) {
    let archive = try Archive(zip: path, limits: limits.archive)
    var arrays: [String: NumericArray] = [:]
    var others: [String] = []
    while let member = try archive.next() {
      guard member == "images.npy" || member == "masks.npy" else {
        others.append(member)
        continue
      }
      let name = String(member.dropLast(4))
      guard arrays[name] == nil else {
        throw DataSetError(.invalid, "\(path): there are two arrays '\(name)'")
      }
      let output = try OutputFile(.scratch(folder: scratch))
      try archive.read { (bytes) throws(DataSetError) in try output.append(bytes) }
      let file = try output.finish()
      do throws(FormatError) {
        arrays[name] = try NPY.decode(file, limits: limits.format)
      } catch {
        throw DataSetError(error, in: "\(path): \(name)")
      }
    }
    guard let images = arrays["images"], let masks = arrays["masks"] else {
      let found = (arrays.keys.map { "\($0).npy" } + others).summary
      throw DataSetError(
        .invalid, "\(path): an npz data set holds the arrays 'images' and 'masks'; this one holds \(found)")
    }
    guard let imageCount = images.shape.first, let maskCount = masks.shape.first, imageCount == maskCount
    else {
      throw DataSetError(
        .invalid,
        "\(path): images of shape \(SampleLayout.text(images.shape)) and masks of \(SampleLayout.text(masks.shape)) "
          + "differ in number")
    }
    do throws(DataSetError) {
      layout = try SampleLayout(
        image: Array(images.shape.dropFirst()), mask: Array(masks.shape.dropFirst()),
        imageTitle: "each of images", maskTitle: "each of masks")
    } catch {
      throw error.within(path)
    }
    (self.images, self.masks) = (images, masks)
  }

  var count: Int { images.shape[0] }

  /// - Throws: `DataSetError.invalid` where it holds a value that it may not.
  func sample(_ index: Int) throws(DataSetError) -> ImportedSample {
    let pixels = layout.height * layout.width
    return try ImportedSample(
      name: "\(index)",
      image: .init(array: images, start: index * pixels * layout.channels, title: "images[\(index)]"),
      mask: .init(array: masks, start: index * pixels, title: "masks[\(index)]"), layout)
  }
}

extension [String] {
  /// The first few and how many there are, in words.
  var summary: String {
    guard !isEmpty else { return "nothing" }
    let first = prefix(5).map { "'\($0)'" }.joined(separator: ", ")
    return count > 5 ? "\(first) and \(count - 5) more" : first
  }
}
