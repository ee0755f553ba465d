import MaskFormats

extension DataSet {
  /// Takes over the samples of an npz archive with the arrays `images` and `masks`, or of a folder with `images/` and
  /// `masks/` of PNG or npy files with equal stems.
  ///
  /// Images are (H, W), (H, W, C) or (C, H, W), and in an npz a number N of them: (N, H, W) and so on. Masks are the same
  /// with one channel or none, their values whole numbers from 0 to 255. What is written lies in the folder `scratch`
  /// without a name, so that it is gone with the data set; the arrays of an npz lie
  /// there too until all are read, and in memory if they are big-endian or in Fortran's order. `progress` is told how many samples of how many are done.
  ///
  /// - Throws: `DataSetError.invalid` that names the file or sample at fault, `tooLarge` for what is over `limits`,
  ///   `unavailable` where a file cannot be read or written.
  public static func importing(
    _ path: String, scratch: String, limits: ImportLimits = ImportLimits(),
    progress: (_ done: Int, _ count: Int) -> Void = { _, _ in }
  ) throws(DataSetError) -> DataSet {
    try importing(path, to: .scratch(folder: scratch), limits, progress)
  }

  /// Takes over samples likewise, and keeps the file as `file`, which is there only once it is whole and on the disk.
  public static func importing(
    _ path: String, keptAs file: String, limits: ImportLimits = ImportLimits(),
    progress: (_ done: Int, _ count: Int) -> Void = { _, _ in }
  ) throws(DataSetError) -> DataSet {
    try importing(path, to: .file(path: file), limits, progress)
  }

  private static func importing(
    _ path: String, to destination: Destination, _ limits: ImportLimits, _ progress: (Int, Int) -> Void
  ) throws(DataSetError) -> DataSet {
    if try Folder.isFolder(path) {
      let folder = try FolderImport(path: path, limits: limits)
      return try collect(folder.count, path, destination, progress) { (index) throws(DataSetError) in
        try folder.sample(index)
      }
    }
    let first = try mapped(path).bytes(0..<8)
    guard first.starts(with: NPZImport.magic) else {
      throw DataSetError(
        .invalid,
        "\(path): neither a folder nor an npz archive (the first bytes are not those of a zip archive)")
    }
    let archive = try NPZImport(path: path, scratch: destination.folder, limits: limits)
    return try collect(archive.count, path, destination, progress) { (index) throws(DataSetError) in
      do throws(DataSetError) { return try archive.sample(index) } catch { throw error.within(path) }
    }
  }

  /// - Throws: `DataSetError`, with the path, where there is no such file.
  static func mapped(_ path: String) throws(DataSetError) -> MappedFile {
    do throws(FormatError) { return try MappedFile(path: path) } catch { throw DataSetError(error, in: path) }
  }

  /// Writes `count` samples, each made when its turn comes, and opens the file.
  static func collect(
    _ count: Int, _ name: String, _ destination: Destination, _ progress: (Int, Int) -> Void,
    _ sample: (Int) throws(DataSetError) -> ImportedSample
  ) throws(DataSetError) -> DataSet {
    let writer = try DataSetWriter(destination, name: name)
    for index in 0..<count {
      try writer.append(try sample(index))
      progress(index + 1, count)
    }
    return try writer.finish()
  }
}
