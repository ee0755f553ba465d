import Glibc

/// A file in the making, which takes its name only once it is whole.
///
/// It is written under another name in the same folder, brought to the disk and renamed, so that a reader finds the previous
/// file or the new one, never a part, also after a crash or a loss of power. A symbolic link of that name is replaced.
public struct AtomicFile: ~Copyable {
  private static let (prefix, suffix) = (".hausdorffd-", ".tmp")
  private let path: String
  private let descriptor: Int32

  /// Writes the file `path`; `body` appends what it holds.
  ///
  /// - Throws: `UNetError.system` such as "PATH: No space left on device", and what `body` throws. The previous file then
  ///   is as it was, and nothing else is left.
  public static func write(
    to path: String, _ body: (borrowing AtomicFile) throws(UNetError) -> Void
  ) throws(UNetError) {
    var status = stat()
    // A rename would put a file in the place of a device, such as /dev/null.
    guard stat(path, &status) != 0 || status.st_mode & S_IFMT == S_IFREG else {
      throw UNetError(.system, "\(path): not a file")
    }
    let folder = path.lastIndex(of: "/").map { String(path[...$0]) } ?? "./"
    // Not made of the file's name, to which nothing can be added where it is as long as names may be.
    let temporary = "\(folder)\(Self.prefix)\(String(UInt64.random(in: 0 ... .max), radix: 36))\(Self.suffix)"
    let descriptor = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o666)
    guard descriptor >= 0 else { throw UNetError(path: path, code: errno) }
    let file = AtomicFile(path: path, descriptor: descriptor)
    do throws(UNetError) {
      try body(file)
      try file.check(fsync(file.descriptor))
      try file.check(rename(temporary, path))
    } catch {
      unlink(temporary)
      throw error
    }
    try file.synchronizeFolder(folder)
  }

  /// Removes what processes that were killed while they wrote have left in a folder, in which nobody writes now.
  public static func removeLeftovers(in folder: String) {
    guard let stream = opendir(folder) else { return }
    defer { closedir(stream) }
    while let entry = readdir(stream) {
      let name = withUnsafePointer(to: &entry.pointee.d_name) {
        $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
      }
      if name.hasPrefix(prefix), name.hasSuffix(suffix) { unlink("\(folder)/\(name)") }
    }
  }

  /// For `write`, and for tests of what happens to a descriptor that cannot be written; closes it in the end.
  init(path: String, descriptor: Int32) { (self.path, self.descriptor) = (path, descriptor) }

  deinit { close(descriptor) }

  /// Appends bytes.
  public func append(_ bytes: [UInt8]) throws(UNetError) {
    try bytes.withUnsafeBufferPointer { (bytes) throws(UNetError) in try append(UnsafeRawBufferPointer(bytes))
    }
  }

  /// Appends numbers as the machine has them, in the little-endian order of every machine that Swift runs on.
  public func append(_ values: [Float]) throws(UNetError) {
    try values.withUnsafeBufferPointer { (values) throws(UNetError) in
      try append(UnsafeRawBufferPointer(values))
    }
  }

  private func append(_ bytes: UnsafeRawBufferPointer) throws(UNetError) {
    var rest = bytes[...]
    while !rest.isEmpty {
      let count = Glibc.write(descriptor, UnsafeRawBufferPointer(rebasing: rest).baseAddress, rest.count)
      if count < 0, errno == EINTR { continue }
      try check(count < 0 ? -1 : 0)
      rest = rest.dropFirst(count)
    }
  }

  /// Makes the new name last.
  private func synchronizeFolder(_ folder: String) throws(UNetError) {
    let opened = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    try check(opened)
    defer { close(opened) }
    // Some file systems cannot do this for folders, and say so.
    guard fsync(opened) != 0, errno != EINVAL else { return }
    throw UNetError(path: path, code: errno)
  }

  private func check(_ status: Int32) throws(UNetError) {
    guard status >= 0 else { throw UNetError(path: path, code: errno) }
  }
}

extension UNetError {
  /// What the system says about a file.
  init(path: String, code: Int32) { self.init(.system, "\(path): \(String(cString: strerror(code)))") }
}
