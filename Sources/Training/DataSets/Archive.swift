import CArchive
import Glibc

/// An archive in memory that is read from its start to its end, one member at a time (libarchive).
///
/// What it yields is bounded by its limits, whatever its headers declare, and nothing of it is ever written under a name
/// that it chose.
final class Archive {
  /// How much an archive may hold.
  struct Limits: Equatable {
    var maximumMembers = 1 << 20
    /// Most bytes that all members may take, decompressed; of a tar archive that is compressed, with its headers.
    var maximumByteCount = Int.max
    /// Most bytes of all names together, of which some are kept.
    static let maximumNameByteCount = 64 << 20
  }

  /// How libarchive's name of a zip member's format ends, for the ways of packing that take little memory to undo.
  private static let zipMethods = ["(uncompressed)", "(deflation)"]
  private static let tarBlockCount = 512

  private let handle: OpaquePointer
  private let input: ArchiveInput
  private let kind: ArchiveKind
  private let name: String
  private let limits: Limits
  private var memberCount = 0
  private var nameByteCount = 0
  private var byteCount = 0
  /// The member that `next` told of, for messages, and how many bytes it declares.
  private var member = ""
  private var declaredCount: Int?
  /// Where the last member that was read ended, decompressed.
  private var memberEnd = 0

  /// Opens the archive `bytes`, which must stay in place meanwhile and which messages call `name`.
  ///
  /// - Throws: `DataSetError.invalid` where the first bytes are those of another format, or a zip archive lacks its end,
  ///   `tooLarge` for too many members of one.
  init(_ bytes: UnsafeRawBufferPointer, name: String, limits: Limits) throws(DataSetError) {
    do throws(DataSetError) {
      kind = try ArchiveKind(bytes)
      if kind == .zip { try ZipDirectory.check(bytes, maximumCount: limits.maximumMembers) }
      input = try ArchiveInput(
        bytes, isGzipped: kind == .gzippedTar, maximumByteCount: limits.maximumByteCount)
    } catch {
      throw error.within(name)
    }
    guard let handle = archive_read_new() else { throw .system(name, ENOMEM) }
    (self.handle, self.name, self.limits) = (handle, name, limits)
    guard setUp() else { throw unknown }
  }

  deinit { archive_read_free(handle) }

  /// Why libarchive does not begin to read: the first block is not what it must be, or there is none.
  private var unknown: DataSetError {
    if let failure = input.failure { return failure.within(name) }
    let what = kind.isTar ? "it is neither npz, zip, tar nor tar.gz" : "it is not a whole zip archive"
    return DataSetError(.invalid, "\(name): \(what)")
  }

  private func setUp() -> Bool {
    let steps = [
      // By its directory, at the end: one that was cut short has none, where reading from the start might not notice.
      kind == .zip
        ? archive_read_support_format_zip_seekable(handle) : archive_read_support_format_tar(handle),
      // Read on to the end of the input, so that its checksum is compared and nothing hides behind.
      kind == .zip
        ? ARCHIVE_OK : archive_read_set_format_option(handle, "tar", "read_concatenated_archives", "1"),
      archive_read_set_read_callback(handle, readBlock),
      kind == .zip ? archive_read_set_seek_callback(handle, seek) : ARCHIVE_OK,
      archive_read_set_callback_data(handle, Unmanaged.passUnretained(input).toOpaque()),
    ]
    return steps.allSatisfy { $0 == ARCHIVE_OK } && archive_read_open1(handle) == ARCHIVE_OK
  }

  /// The name of the next member that is a file; nil behind the last. The one before must have been read.
  ///
  /// - Throws: `DataSetError` for a broken archive, for too many members, and for members that are neither files nor
  ///   folders, encrypted, or have names that lead out of a folder.
  func next() throws(DataSetError) -> String? {
    while let entry = try nextEntry() {
      memberCount += 1
      guard memberCount <= limits.maximumMembers else {
        throw DataSetError(.tooLarge, "\(name): it has more than \(limits.maximumMembers) members")
      }
      let path = Self.path(of: entry)
      member = String(decoding: path, as: UTF8.self)
      nameByteCount += path.count
      guard nameByteCount <= Limits.maximumNameByteCount else {
        throw DataSetError(
          .tooLarge, "\(name): the names of its members take more than \(Limits.maximumNameByteCount) bytes")
      }
      if let objection = ArchivedName.objection(to: path) ?? objection(to: entry) {
        throw objected(objection)
      }
      declaredCount = archive_entry_size_is_set(entry) != 0 ? Int(archive_entry_size(entry)) : nil
      guard archive_entry_filetype(entry) == S_IFDIR else { return member }
      try read { (_) throws(DataSetError) in throw self.objected("is a folder with bytes of its own") }
    }
    return nil
  }

  private func nextEntry() throws(DataSetError) -> OpaquePointer? {
    var entry: OpaquePointer?
    input.isBetweenMembers = kind != .zip
    let status = Self.withUnicodeNames { archive_read_next_header(handle, &entry) }
    input.isBetweenMembers = false
    if status == ARCHIVE_EOF {
      try checkEnd()
      return nil
    }
    // A warning may be about a name, which is looked at next.
    if let entry, status == ARCHIVE_OK || status == ARCHIVE_WARN { return entry }
    throw failure(memberCount == 0 ? "is damaged" : "is damaged behind its member '\(member.shown)'")
  }

  /// Lends the bytes of the member that `next` told of, piece by piece.
  ///
  /// - Throws: `DataSetError` for a broken archive, a wrong checksum, and for more bytes than allowed, and what `body`
  ///   throws.
  func read(_ body: (RawSpan) throws(DataSetError) -> Void) throws(DataSetError) {
    var count = 0
    while true {
      var start: UnsafeRawPointer?
      var (size, offset) = (0, la_int64_t(0))
      let status = archive_read_data_block(handle, &start, &size, &offset)
      if status == ARCHIVE_EOF { break }
      guard status == ARCHIVE_OK else { throw failure("is damaged in its member '\(member.shown)'") }
      guard size <= limits.maximumByteCount - byteCount else {
        throw DataSetError(
          .tooLarge,
          "\(name): its members take more than \(limits.maximumByteCount) bytes, at '\(member.shown)'")
      }
      byteCount += size
      guard size > 0 else { continue }
      guard offset == count else { throw objected("is a sparse file") }
      count += size
      try body(UnsafeRawBufferPointer(start: start, count: size).bytes)
    }
    guard count == declaredCount ?? count else {
      throw objected("declares \(declaredCount!) bytes and holds \(count)")
    }
    memberEnd = Int(archive_filter_bytes(handle, 0))
  }

  /// - Throws: `DataSetError.invalid` for a tar archive that lacks the zeros at its end: there may have been more members.
  private func checkEnd() throws(DataSetError) {
    guard kind.isTar else { return }
    let end = (memberEnd + Self.tarBlockCount - 1) / Self.tarBlockCount * Self.tarBlockCount
    guard Int(archive_filter_bytes(handle, 0)) >= end + Self.tarBlockCount else {
      throw DataSetError(.invalid, "\(name): the tar archive is cut short: it has no end mark")
    }
  }

  /// The path that a member has in the archive, in UTF-8 or as its bytes are.
  private static func path(of entry: OpaquePointer) -> [UInt8] {
    withUnicodeNames {
      guard let path = archive_entry_pathname_utf8(entry) ?? archive_entry_pathname(entry) else { return [] }
      return Array(UnsafeRawBufferPointer(start: path, count: strlen(path)))
    }
  }

  /// Runs `body` in a locale of UTF-8: libarchive takes names for what the thread's locale, often C, can express.
  private static func withUnicodeNames<Result>(_ body: () -> Result) -> Result {
    guard let unicodeLocale else { return body() }
    let usual = uselocale(unicodeLocale)
    defer { uselocale(usual) }
    return body()
  }

  /// Made once and never freed: an archive may have a million names.
  private nonisolated(unsafe) static let unicodeLocale = newlocale(1 << LC_CTYPE, "C.UTF-8", nil)

  /// Why a member must not be of this kind; nil where it may.
  private func objection(to entry: OpaquePointer) -> String? {
    let kind = archive_entry_filetype(entry)
    guard [0, S_IFREG, S_IFDIR].contains(kind), archive_entry_hardlink(entry) == nil else {
      return "is a link or device, not a file"
    }
    if archive_entry_is_encrypted(entry) != 0 { return "is encrypted" }
    if archive_entry_sparse_count(entry) > 0 { return "is a sparse file" }
    guard self.kind == .zip, let format = archive_format_name(handle).map({ String(cString: $0) }),
      !Self.zipMethods.contains(where: format.hasSuffix)
    else { return nil }
    return "is packed as '\(format)'; read are members that are stored or deflated"
  }

  private func objected(_ objection: String) -> DataSetError {
    DataSetError(.invalid, "\(name): its member '\(member.shown)' \(objection)")
  }

  private func failure(_ what: String) -> DataSetError {
    if let failure = input.failure { return failure.within(name) }
    let reason = archive_error_string(handle).map { " (\(String(cString: $0).shown))" } ?? ""
    return DataSetError(.invalid, "\(name): the archive \(what)\(reason)")
  }
}

/// libarchive's `archive_read_callback`: a block, 0 at the end and -1 after a failure, which the input keeps.
private func readBlock(
  _: OpaquePointer?, _ input: UnsafeMutableRawPointer?, _ block: UnsafeMutablePointer<UnsafeRawPointer?>?
) -> la_ssize_t {
  let input = Unmanaged<ArchiveInput>.fromOpaque(input!).takeUnretainedValue()
  guard let next = input.next() else { return -1 }
  block!.pointee = next.baseAddress
  return next.count
}

/// libarchive's `archive_seek_callback`: the new place, or a failure.
private func seek(
  _: OpaquePointer?, _ input: UnsafeMutableRawPointer?, _ offset: la_int64_t, _ whence: Int32
) -> la_int64_t {
  let input = Unmanaged<ArchiveInput>.fromOpaque(input!).takeUnretainedValue()
  let start =
    switch whence {
    case SEEK_SET: 0
    case SEEK_CUR: input.place.position
    default: input.place.count
    }
  let (target, overflow) = start.addingReportingOverflow(Int(offset))
  return overflow ? la_int64_t(ARCHIVE_FATAL) : la_int64_t(input.seek(target) ?? Int(ARCHIVE_FATAL))
}
