public import MaskFormats

extension DataSet {
  /// Is told how many samples of how many are done, and stops the import by throwing, which leaves nothing behind.
  ///
  /// While an archive is unpacked, no sample is done, of as many as there are members so far.
  public typealias Progress = (_ done: Int, _ count: Int) throws(DataSetError) -> Void

  /// Takes over the samples of a folder with `images/` and `masks/` of files with equal stems, each of a format that
  /// `ArrayFile` knows; or of an archive at `path`, as below.
  ///
  /// Images are (H, W), (H, W, C) or (C, H, W). Masks are the same with one channel or none, their values whole numbers
  /// from 0 to 255. What is written lies in the folder `scratch` without a name, so that it is gone with the data set.
  ///
  /// - Throws: `DataSetError.invalid` that names the file or sample at fault, `tooLarge` for what is over `limits`,
  ///   `unavailable` where a file cannot be read or written, and what `progress` throws.
  public static func importing(
    _ path: String, scratch: String, limits: ImportLimits = ImportLimits(),
    progress: Progress = { _, _ in }
  ) throws(DataSetError) -> DataSet {
    try importing(path, to: .scratch(folder: scratch), limits, progress)
  }

  /// Takes over samples likewise, and keeps the file as `file`, which is there only once it is whole and on the disk.
  public static func importing(
    _ path: String, keptAs file: String, limits: ImportLimits = ImportLimits(),
    progress: Progress = { _, _ in }
  ) throws(DataSetError) -> DataSet {
    try importing(path, to: .file(path: file), limits, progress)
  }

  /// Takes over the samples of an archive in memory, `range` of `bytes` or all of them, which messages call `name`.
  ///
  /// It is told by its first bytes and contents:
  /// - npz: a zip archive with the arrays `images`, (N, H, W) and so on, and `masks`.
  /// - zip, tar or gzipped tar: the folders `images/` and `masks/` as above, which may both lie in one other folder.
  ///   Members come in any order; hidden files, `__MACOSX/` and what lies elsewhere do not matter.
  ///
  /// Members are unpacked into another file without a name in the folder, one behind the other. They are decoded one at
  /// a time; arrays of an npz that are big-endian or in Fortran's order are converted in memory.
  ///
  /// - Throws: as above, and `invalid` for archives that are broken, have bytes behind their end, or members that could
  ///   do harm when unpacked, are encrypted, or packed other than by deflate.
  public static func importing(
    archive bytes: any ByteSource, range: Range<Int>? = nil, name: String, scratch: String,
    limits: ImportLimits = ImportLimits(), progress: Progress = { _, _ in }
  ) throws(DataSetError) -> DataSet {
    try importing(bytes, range, name, to: .scratch(folder: scratch), limits, progress)
  }

  /// Takes over an archive in memory likewise, and keeps the file as `file`, which is there only once it is whole and on
  /// the disk.
  public static func importing(
    archive bytes: any ByteSource, range: Range<Int>? = nil, name: String, keptAs file: String,
    limits: ImportLimits = ImportLimits(), progress: Progress = { _, _ in }
  ) throws(DataSetError) -> DataSet {
    try importing(bytes, range, name, to: .file(path: file), limits, progress)
  }

  private static func importing(
    _ path: String, to destination: Destination, _ limits: ImportLimits, _ progress: Progress
  ) throws(DataSetError) -> DataSet {
    guard try Folder.isFolder(path) else {
      return try importing(try mapped(path), nil, path, to: destination, limits, progress)
    }
    let folder = try FolderImport(path: path, limits: limits)
    return try collect(folder.count, path, destination, limits, progress) { (index) throws(DataSetError) in
      try folder.sample(index)
    }
  }

  private static func importing(
    _ bytes: any ByteSource, _ range: Range<Int>?, _ name: String, to destination: Destination,
    _ limits: ImportLimits, _ progress: Progress
  ) throws(DataSetError) -> DataSet {
    let archive = try ArchiveImport(
      bytes, range: range ?? 0..<bytes.count, name: name, scratch: destination.folder, limits: limits,
      progress: progress)
    return try collect(archive.count, name, destination, limits, progress) { (index) throws(DataSetError) in
      try archive.sample(index)
    }
  }

  /// - Throws: `DataSetError`, with the path, where there is no such file.
  static func mapped(_ path: String) throws(DataSetError) -> MappedFile {
    do throws(FormatError) { return try MappedFile(path: path) } catch { throw DataSetError(error, in: path) }
  }

  /// Writes `count` samples, each made when its turn comes, and opens the file.
  static func collect(
    _ count: Int, _ name: String, _ destination: Destination, _ limits: ImportLimits, _ progress: Progress,
    _ sample: (Int) throws(DataSetError) -> ImportedSample
  ) throws(DataSetError) -> DataSet {
    guard count <= limits.maximumFiles else {
      throw DataSetError(.tooLarge, "\(name): \(count) samples; at most \(limits.maximumFiles) are allowed")
    }
    let writer = try DataSetWriter(destination, name: name)
    var byteCount = 0
    for index in 0..<count {
      let sample = try sample(index)
      guard sample.byteCount <= limits.maximumBytes - byteCount else {
        throw DataSetError(
          .tooLarge, "\(name): decoded, the samples take more than \(limits.maximumBytes) bytes")
      }
      byteCount += sample.byteCount
      try writer.append(sample)
      try progress(index + 1, count)
    }
    return try writer.finish()
  }
}
