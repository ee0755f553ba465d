import MaskFormats

/// Takes samples out of an archive: the arrays of an npz, or pairs of files with equal stems from `images/` and `masks/`
/// of a zip or tar archive.
struct ArchiveImport {
  private enum Samples {
    case arrays(NPZImport)
    case files([SampleFiles<Range<Int>>.Pair])
  }

  private let name: String
  private let limits: ImportLimits
  /// What was unpacked, one member behind the other.
  private let file: MappedFile
  private let samples: Samples

  /// Unpacks `range` of `bytes`, an archive that messages call `name`, into a file without a name in the folder
  /// `scratch`.
  ///
  /// `progress` is told that no sample is done of as many as there are members so far, at each and while reading it.
  ///
  /// - Throws: `DataSetError` for a broken or hostile archive, one that holds no samples, more than the limits allow, or
  ///   images without masks; where the file cannot be written, and what `progress` throws.
  init(
    _ bytes: any ByteSource, range: Range<Int>, name: String, scratch: String, limits: ImportLimits,
    progress: (Int, Int) throws(DataSetError) -> Void
  ) throws(DataSetError) {
    (self.name, self.limits) = (name, limits)
    let output = try OutputFile(.scratch(folder: scratch))
    var contents = ArchiveContents(name: name)
    try bytes.withBytes { (bytes) throws(DataSetError) in
      try bytes.extracting(range).withUnsafeBytes { (bytes) throws(DataSetError) in
        try Self.unpack(
          try Archive(bytes, name: name, limits: limits.archive), to: output, &contents, progress)
      }
    }
    try contents.check()
    file = try output.finish()
    if let images = contents.arrays[ArchivedName.images], let masks = contents.arrays[ArchivedName.masks] {
      samples = .arrays(try NPZImport(file, images: images, masks: masks, name: name, limits: limits))
    } else {
      samples = .files(try SampleFiles.pairs(contents.images, contents.masks, in: name))
    }
  }

  private static func unpack(
    _ archive: Archive, to output: OutputFile, _ contents: inout ArchiveContents,
    _ progress: (Int, Int) throws(DataSetError) -> Void
  ) throws(DataSetError) {
    var count = 0
    while let path = try archive.next() {
      count += 1
      try progress(0, count)
      let isWanted = try contents.wants(path)
      let start = output.count
      // What is passed over is read too, so that it counts against the limits.
      try archive.read { (bytes) throws(DataSetError) in
        if isWanted { try output.append(bytes) }
        try progress(0, count)
      }
      if isWanted { try contents.add(path, at: start..<output.count) }
    }
  }

  var count: Int {
    switch samples {
    case .arrays(let arrays): arrays.count
    case .files(let pairs): pairs.count
    }
  }

  /// - Throws: `DataSetError` where a file cannot be decoded, and for values and sizes that do not fit.
  func sample(_ index: Int) throws(DataSetError) -> ImportedSample {
    switch samples {
    case .arrays(let arrays):
      do throws(DataSetError) { return try arrays.sample(index) } catch { throw error.within(name) }
    case .files(let pairs):
      let pair = pairs[index]
      return try ImportedSample(
        name: pair.stem, image: encoded(pair.image, in: ArchivedName.images),
        mask: encoded(pair.mask, in: ArchivedName.masks), limits: limits.file)
    }
  }

  private func encoded(_ member: SampleFiles<Range<Int>>.File, in folder: String) -> ImportedSample.Encoded {
    .init(bytes: file, range: member.place, title: "\(name): \(folder)/\(member.name.shown)")
  }
}
