import MaskFormats

/// Reads pairs of files with equal stems from `images/` and `masks/` in a folder.
struct FolderImport {
  private struct Pair {
    var stem: String
    var image: String
    var mask: String
  }

  private let path: String
  private let limits: ImportLimits
  private let pairs: [Pair]

  /// Lists the files of the folder at `path`, in the order of their stems' bytes; links are followed.
  ///
  /// - Throws: `DataSetError` where a folder is missing, for what is no PNG or npy file by its name, for two files of one
  ///   stem, and for images without masks and masks without images.
  init(path: String, limits: ImportLimits) throws(DataSetError) {
    self.path = path
    self.limits = limits
    let images = try Self.files(of: "images", in: path, limits)
    let masks = try Self.files(of: "masks", in: path, limits)
    for (one, other, what) in [
      (images, masks, "images without masks"), (masks, images, "masks without images"),
    ] {
      let alone = one.values.filter { other[Self.stem($0)] == nil }
      guard alone.isEmpty else {
        let names = alone.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
        throw DataSetError(.invalid, "\(path): \(alone.count) \(what): \(names.summary)")
      }
    }
    pairs = images.map { stem, image in Pair(stem: stem, image: image, mask: masks[stem]!) }
      .sorted { $0.stem.utf8.lexicographicallyPrecedes($1.stem.utf8) }
  }

  var count: Int { pairs.count }

  /// - Throws: `DataSetError` where a file cannot be read or decoded, and for values and sizes that do not fit.
  func sample(_ index: Int) throws(DataSetError) -> ImportedSample {
    let pair = pairs[index]
    let imagePath = "\(path)/images/\(pair.image)"
    let maskPath = "\(path)/masks/\(pair.mask)"
    let image = try decode(imagePath) { (file, limits) throws(FormatError) in
      try ArrayFile.decodeImage(file, limits: limits)
    }
    let mask = try decode(maskPath) { (file, limits) throws(FormatError) in
      try ArrayFile.decode(file, limits: limits)
    }
    let layout = try SampleLayout(
      image: image.shape, mask: mask.shape, imageTitle: imagePath, maskTitle: maskPath)
    return try ImportedSample(
      name: pair.stem, image: .init(array: image, title: imagePath),
      mask: .init(array: mask, title: maskPath), layout)
  }

  private func decode(
    _ path: String, _ body: (MappedFile, FormatLimits) throws(FormatError) -> NumericArray
  ) throws(DataSetError) -> NumericArray {
    do throws(FormatError) {
      return try body(MappedFile(path: path), limits.format)
    } catch {
      throw DataSetError(error, in: path)
    }
  }

  /// The names of the files in a subfolder, by their stems.
  private static func files(
    of subfolder: String, in path: String, _ limits: ImportLimits
  ) throws(DataSetError) -> [String: String] {
    let folder = "\(path)/\(subfolder)"
    let found = try Folder.names(in: path)
    guard found.contains(subfolder), try Folder.isFolder(folder) else {
      throw DataSetError(
        .invalid,
        "\(path): a folder of samples holds the folders 'images' and 'masks'; this one holds \(found.summary)"
      )
    }
    let names = try Folder.names(in: folder)
    guard names.count <= limits.maximumFiles else {
      throw DataSetError(.tooLarge, "\(folder): more than \(limits.maximumFiles) files")
    }
    var files: [String: String] = [:]
    for name in names {
      guard [".png", ".npy"].contains(name.suffix(4).lowercased()), name.count > 4 else {
        throw DataSetError(.invalid, "\(folder)/\(name): neither .png nor .npy by its name")
      }
      if let other = files.updateValue(name, forKey: stem(name)) {
        throw DataSetError(.invalid, "\(folder): both '\(other)' and '\(name)' are there, of one stem")
      }
    }
    return files
  }

  private static func stem(_ name: String) -> String { String(name.dropLast(4)) }
}
