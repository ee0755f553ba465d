/// Where the members of an archive that are samples, or hold some, lie in the file that they are unpacked to.
struct ArchiveContents {
  /// The arrays of an npz.
  private(set) var arrays: [String: Range<Int>] = [:]
  private(set) var images: SampleFiles<Range<Int>>
  private(set) var masks: SampleFiles<Range<Int>>

  /// What messages call the archive.
  private let name: String
  /// The folder that holds `images` and `masks`, empty where none does; nil until there are files of one of them.
  private var top: String?
  /// First names of all members that are files, and the number of these.
  private var firstNames: [String] = []
  private var count = 0

  init(name: String) {
    self.name = name
    images = SampleFiles(folder: "\(name): \(ArchivedName.images)")
    masks = SampleFiles(folder: "\(name): \(ArchivedName.masks)")
  }

  /// Whether the bytes of a member called `path` are wanted.
  ///
  /// - Throws: `DataSetError.invalid` where there may be no member of that name beside those before.
  mutating func wants(_ path: String) throws(DataSetError) -> Bool {
    if count < [String].summaryCount { firstNames.append(path) }
    count += 1
    switch ArchivedName(path).role {
    case .other: return false
    case .array(let array):
      guard arrays[array] == nil else { throw invalid("there are two arrays '\(array)'") }
    case .sample(let folder, let top, let file):
      if let other = self.top, other != top {
        throw invalid("there are samples both in \(Self.place(other)) and in \(Self.place(top))")
      }
      self.top = top
      _ = try folder == ArchivedName.images ? images.stem(of: file) : masks.stem(of: file)
    }
    return true
  }

  /// Notes where the bytes of a member that is wanted lie.
  mutating func add(_ path: String, at range: Range<Int>) throws(DataSetError) {
    switch ArchivedName(path).role {
    case .other: break
    case .array(let array): arrays[array] = range
    case .sample(ArchivedName.images, _, let file): try images.add(file, at: range)
    case .sample(_, _, let file): try masks.add(file, at: range)
    }
  }

  /// - Throws: `DataSetError.invalid` unless there are both arrays or else files, and not both of these.
  func check() throws(DataSetError) {
    guard arrays.isEmpty || images.isEmpty && masks.isEmpty else {
      throw invalid("there are both arrays, as in an npz, and folders of samples")
    }
    if arrays.count == 2 || !images.isEmpty || !masks.isEmpty { return }
    throw invalid(
      "an archive of samples holds the arrays 'images' and 'masks' (npz) or the folders 'images' and 'masks'; "
        + "this one holds \(firstNames.summary(count: count))")
  }

  private static func place(_ top: String) -> String { top.isEmpty ? "no folder" : "'\(top.shown)'" }

  private func invalid(_ detail: String) -> DataSetError { DataSetError(.invalid, "\(name): \(detail)") }
}
