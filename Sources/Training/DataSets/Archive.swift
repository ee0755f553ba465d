import CArchive
import Glibc

/// An archive that is read from its start to its end, one member at a time (libarchive).
///
/// What it yields is bounded by its limits, whatever its headers declare, and nothing of it is ever written under a name
/// that it chose.
final class Archive {
  /// How much an archive may hold.
  struct Limits: Equatable {
    var maximumMembers = 1 << 20
    /// Most bytes that all members may take, decompressed.
    var maximumByteCount = Int.max
  }

  private let handle: OpaquePointer
  private let descriptor: Int32
  private let path: String
  private let limits: Limits
  private var memberCount = 0
  private var byteCount = 0

  /// Opens the zip archive at `path`.
  ///
  /// - Throws: `DataSetError.unavailable` where it cannot be opened, `invalid` where it is not a whole zip archive.
  init(zip path: String, limits: Limits) throws(DataSetError) {
    descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard descriptor >= 0 else { throw .system(path) }
    guard let handle = archive_read_new() else {
      close(descriptor)
      throw .system(path, ENOMEM)
    }
    (self.handle, self.path, self.limits) = (handle, path, limits)
    // By its directory, at the end: one that was cut short has none, where reading from the start might not notice.
    guard archive_read_support_format_zip_seekable(handle) == ARCHIVE_OK,
      archive_read_open_fd(handle, descriptor, 256 << 10) == ARCHIVE_OK
    else { throw failure("not a whole zip archive") }
  }

  deinit {
    archive_read_free(handle)
    close(descriptor)
  }

  /// The name of the next member that is a file; nil behind the last.
  ///
  /// - Throws: `DataSetError` for a broken archive, for too many members, and for members that are neither files nor
  ///   folders or have names that lead out of a folder.
  func next() throws(DataSetError) -> String? {
    while true {
      var entry: OpaquePointer?
      let status = Self.withUnicodeNames { archive_read_next_header(handle, &entry) }
      if status == ARCHIVE_EOF { return nil }
      // A warning may be about a name, which is looked at below.
      guard let entry, status == ARCHIVE_OK || status == ARCHIVE_WARN else { throw failure("is damaged") }
      memberCount += 1
      guard memberCount <= limits.maximumMembers else {
        throw DataSetError(.tooLarge, "\(path): the archive has more than \(limits.maximumMembers) members")
      }
      guard let bytes = archive_entry_pathname_utf8(entry) ?? archive_entry_pathname(entry),
        let name = String(validatingCString: bytes)
      else { throw failure("has a member without a name in UTF-8") }
      if let objection = Self.objection(toName: name) {
        throw DataSetError(.invalid, "\(path): the archive's member '\(name)' \(objection)")
      }
      let kind = archive_entry_filetype(entry)
      if kind == S_IFDIR { continue }
      guard kind == S_IFREG || kind == 0, archive_entry_hardlink(entry) == nil else {
        throw DataSetError(
          .invalid, "\(path): the archive's member '\(name)' is a link or device, not a file")
      }
      return name
    }
  }

  /// Lends the bytes of the member that `next` told of, piece by piece.
  ///
  /// - Throws: `DataSetError` for a broken archive, a wrong checksum, encryption, and for more bytes than allowed, and
  ///   what `body` throws.
  func read(_ body: (RawSpan) throws(DataSetError) -> Void) throws(DataSetError) {
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 256 << 10, alignment: 16)
    defer { buffer.deallocate() }
    while true {
      let count = archive_read_data(handle, buffer.baseAddress, buffer.count)
      guard count != 0 else { return }
      guard count > 0 else { throw failure("is damaged") }
      guard count <= limits.maximumByteCount - byteCount else {
        throw DataSetError(
          .tooLarge, "\(path): the archive's members take more than \(limits.maximumByteCount) bytes")
      }
      byteCount += count
      try body(UnsafeRawBufferPointer(rebasing: buffer[..<count]).bytes)
    }
  }

  /// Runs `body` in a locale of UTF-8: libarchive takes names for what the thread's locale, often C, can express.
  private static func withUnicodeNames<Result>(_ body: () -> Result) -> Result {
    guard let unicode = newlocale(1 << LC_CTYPE, "C.UTF-8", nil) else { return body() }
    let usual = uselocale(unicode)
    defer {
      uselocale(usual)
      freelocale(unicode)
    }
    return body()
  }

  /// Why a member must not have this name; nil where it may.
  static func objection(toName name: String) -> String? {
    if name.isEmpty { return "has no name" }
    if name.utf8.first == UInt8(ascii: "/") { return "has an absolute path" }
    if name.utf8.contains(UInt8(ascii: "\\")) { return "has a backslash in its name" }
    let isClimbing = name.utf8.split(separator: UInt8(ascii: "/")).contains { $0.elementsEqual("..".utf8) }
    return isClimbing ? "leads out of its folder" : nil
  }

  private func failure(_ what: String) -> DataSetError {
    let reason = archive_error_string(handle).map { " (\(String(cString: $0)))" } ?? ""
    return DataSetError(.invalid, "\(path): the archive \(what)\(reason)")
  }
}
