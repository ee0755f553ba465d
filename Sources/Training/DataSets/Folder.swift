import Glibc

/// What lies in a folder.
enum Folder {
  /// Names of all entries that are not hidden, in the order of their bytes.
  ///
  /// - Throws: `DataSetError` where it cannot be read, and for a name that is not UTF-8.
  static func names(in path: String) throws(DataSetError) -> [String] {
    guard let folder = opendir(path) else { throw .system(path) }
    defer { closedir(folder) }
    var names: [String] = []
    while true {
      errno = 0
      guard let entry = readdir(folder) else {
        guard errno == 0 else { throw .system(path) }
        break
      }
      let bytes = withUnsafeBytes(of: &entry.pointee.d_name) { Array($0.prefix { $0 != 0 }) }
      guard bytes.first != UInt8(ascii: ".") else { continue }
      guard let name = String(validating: bytes, as: UTF8.self) else {
        throw DataSetError(
          .invalid, "\(path): the name of '\(String(decoding: bytes, as: UTF8.self))' is not UTF-8")
      }
      names.append(name)
    }
    return names.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
  }

  /// Whether `path`, or what it links to, is a folder.
  ///
  /// - Throws: `DataSetError.unavailable` where there is nothing of that name, or none that may be seen.
  static func isFolder(_ path: String) throws(DataSetError) -> Bool {
    var status = stat()
    guard stat(path, &status) == 0 else { throw .system(path) }
    return status.st_mode & S_IFMT == S_IFDIR
  }
}
