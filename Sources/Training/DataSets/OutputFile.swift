import Glibc
import MaskFormats

/// Where a new file goes.
enum Destination: Equatable {
  /// Into a folder, without a name: it is gone with the last process that has it open, however that ends.
  case scratch(folder: String)
  /// Under a name that it gets once it is whole, in place of what had it before.
  case file(path: String)

  /// The folder that the file lies in.
  var folder: String {
    switch self {
    case .scratch(let folder): return folder
    case .file(let path):
      guard let slash = path.utf8.lastIndex(of: UInt8(ascii: "/")) else { return "." }
      return slash == path.startIndex ? "/" : String(path[..<slash])
    }
  }
}

/// A file that is written from its start, and read once it is whole.
final class OutputFile {
  /// Bytes behind the start of the file that the next ones go to.
  private(set) var count = 0

  private static let bufferCount = 1 << 20
  /// O_TMPFILE, which Swift cannot see; the same number on all processors that Swift knows under Linux.
  private static let temporaryFile = 0o20_000_000 | O_DIRECTORY
  private let destination: Destination
  private let descriptor: Int32
  /// The name that the file has until it is whole; nil where it has none, so that nothing of it outlives a crash.
  private var temporaryPath: String?
  private var buffer: [UInt8] = []

  /// - Throws: `DataSetError.unavailable` where a file cannot be made there.
  init(_ destination: Destination, hasNamelessFiles: Bool = true) throws(DataSetError) {
    self.destination = destination
    let folder = destination.folder
    if hasNamelessFiles {
      let nameless = open(folder, Self.temporaryFile | O_RDWR | O_CLOEXEC, 0o600)
      guard nameless < 0 else {
        descriptor = nameless
        return
      }
      // Network and layered file systems may know no files without a name.
      guard [EOPNOTSUPP, EISDIR, EINVAL].contains(errno) else { throw .system(folder) }
    }
    let path = Self.temporaryPath(in: folder)
    descriptor = open(path, O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC, 0o600)
    guard descriptor >= 0 else { throw .system(folder) }
    switch destination {
    case .scratch: unlink(path)
    case .file: temporaryPath = path
    }
  }

  deinit {
    if let temporaryPath { unlink(temporaryPath) }
    close(descriptor)
  }

  /// Adds `bytes` behind those that are there.
  func append(_ bytes: RawSpan) throws(DataSetError) {
    if buffer.count + bytes.byteCount > Self.bufferCount { try flush() }
    if bytes.byteCount > Self.bufferCount {
      try write(bytes, at: count)
    } else {
      bytes.withUnsafeBytes { buffer.append(contentsOf: $0) }
    }
    count += bytes.byteCount
  }

  /// Puts `bytes` in the place of the first ones.
  func replaceStart(by bytes: RawSpan) throws(DataSetError) {
    precondition(bytes.byteCount <= count)
    try flush()
    try write(bytes, at: 0)
  }

  /// Gives the file its name, where it is to have one, and maps it.
  func finish() throws(DataSetError) -> MappedFile {
    try flush()
    if case .file(let path) = destination { try name(path) }
    do throws(FormatError) {
      return try MappedFile(descriptor: descriptor)
    } catch {
      throw DataSetError(error, in: messageName)
    }
  }

  private func name(_ path: String) throws(DataSetError) {
    // Data first: a name must never stand for a file that a loss of power cut short.
    guard fsync(descriptor) == 0 else { throw .system(path) }
    let temporaryPath = temporaryPath ?? Self.temporaryPath(in: destination.folder)
    if self.temporaryPath == nil {
      // A link cannot take the place of a file, as renaming can, so it takes both.
      guard linkat(AT_FDCWD, "/proc/self/fd/\(descriptor)", AT_FDCWD, temporaryPath, AT_SYMLINK_FOLLOW) == 0
      else { throw .system(path) }
      self.temporaryPath = temporaryPath
    }
    guard rename(temporaryPath, path) == 0 else { throw .system(path) }
    self.temporaryPath = nil
    let folder = open(destination.folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard folder >= 0 else { throw .system(destination.folder) }
    defer { close(folder) }
    guard fsync(folder) == 0 else { throw .system(destination.folder) }
  }

  private static func temporaryPath(in folder: String) -> String {
    "\(folder)/.dataset-\(String(UInt64.random(in: 0...UInt64.max), radix: 36))"
  }

  private var messageName: String {
    switch destination {
    case .scratch(let folder): "a temporary file in \(folder)"
    case .file(let path): path
    }
  }

  private func flush() throws(DataSetError) {
    let pending = buffer
    buffer = []
    buffer.reserveCapacity(Self.bufferCount)
    let bytes = pending.span.bytes
    try write(bytes, at: count - pending.count)
  }

  private func write(_ bytes: RawSpan, at offset: Int) throws(DataSetError) {
    try bytes.withUnsafeBytes { (bytes) throws(DataSetError) in
      var done = 0
      while done < bytes.count {
        let written = pwrite(descriptor, bytes.baseAddress! + done, bytes.count - done, off_t(offset + done))
        if written < 0, errno == EINTR { continue }
        guard written > 0 else { throw .system(messageName, written == 0 ? ENOSPC : errno) }
        done += written
      }
    }
  }
}
