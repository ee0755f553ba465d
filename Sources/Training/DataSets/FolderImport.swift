import MaskFormats

/// Reads pairs of files with equal stems from `images/` and `masks/` in a folder.
struct FolderImport {
  private let path: String
  private let limits: ImportLimits
  private let pairs: [SampleFiles<Void>.Pair]

  /// Lists the files of the folder at `path`, in the order of their stems' bytes; links are followed.
  ///
  /// - Throws: `DataSetError` where a folder is missing, for what is no file of a known format by its name, for two files
  ///   of one stem, and for images without masks and masks without images.
  init(path: String, limits: ImportLimits) throws(DataSetError) {
    self.path = path
    self.limits = limits
    pairs = try SampleFiles.pairs(
      Self.files(of: "images", in: path, limits), Self.files(of: "masks", in: path, limits), in: path)
  }

  var count: Int { pairs.count }

  /// - Throws: `DataSetError` where a file cannot be read or decoded, and for values and sizes that do not fit.
  func sample(_ index: Int) throws(DataSetError) -> ImportedSample {
    let pair = pairs[index]
    return try ImportedSample(
      name: pair.stem, image: Self.encoded("\(path)/images/\(pair.image.name)"),
      mask: Self.encoded("\(path)/masks/\(pair.mask.name)"), limits: limits.file)
  }

  private static func encoded(_ path: String) throws(DataSetError) -> ImportedSample.Encoded {
    .init(bytes: try DataSet.mapped(path), title: path)
  }

  private static func files(
    of subfolder: String, in path: String, _ limits: ImportLimits
  ) throws(DataSetError) -> SampleFiles<Void> {
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
    var files = SampleFiles<Void>(folder: folder)
    for name in names { try files.add(name, at: ()) }
    return files
  }
}
