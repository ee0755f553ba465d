import Glibc
import MaskFormats

/// Files of two folders that have the same name, or but for their endings.
struct FolderPairs {
  struct Pair: Sendable {
    let name: String
    /// Paths; nil where the folder has no file of this name.
    let truth, prediction: String?
  }

  /// By their names.
  let pairs: [Pair]
  /// Paths of files with other endings than those of arrays.
  let passedOver: [String]

  /// - Throws: `FileArray.Failure` where a folder cannot be read, or has two files of one name.
  init(truths: String, predictions: String) throws(FileArray.Failure) {
    let folders = (try Self.files(truths), try Self.files(predictions))
    passedOver = (folders.0.others + folders.1.others).sorted()
    pairs = Set(folders.0.byName.keys).union(folders.1.byName.keys).sorted().map { name in
      Pair(name: name, truth: folders.0.byName[name], prediction: folders.1.byName[name])
    }
  }

  static func isFolder(_ path: String) -> Bool {
    var status = stat()
    return stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
  }

  /// Paths by what names are without their endings, and those with other endings.
  private static func files(
    _ folder: String
  ) throws(FileArray.Failure) -> (byName: [String: String], others: [String]) {
    guard let stream = opendir(folder) else {
      throw FileArray.Failure(description: "\(folder): \(String(cString: strerror(errno)))")
    }
    defer { closedir(stream) }
    var (files, others) = ([String: String](), [String]())
    while let entry = readdir(stream) {
      let name = withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
        String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
      }
      if name.hasPrefix(".") { continue }
      guard let stem = ArrayFile.stem(of: name) else {
        others.append("\(folder)/\(name)")
        continue
      }
      if let other = files.updateValue("\(folder)/\(name)", forKey: stem) {
        throw FileArray.Failure(description: "\(other) and \(folder)/\(name) have one name")
      }
    }
    return (files, others)
  }
}
