import Glibc
import Testing

/// An empty folder for a test.
final class ScratchFolder: Sendable {
  let path: String

  init() throws {
    var name = Array("/tmp/http-server-test-XXXXXX".utf8CString)
    try #require(mkdtemp(&name) != nil)
    path = name.withUnsafeBufferPointer { String(cString: $0.baseAddress!) }
  }

  deinit {
    for name in entries { unlink("\(path)/\(name)") }
    rmdir(path)
  }

  /// The names in it.
  var entries: [String] { list(path) }

  /// Writes a file; its path.
  func write(_ name: String, _ bytes: [UInt8]) throws -> String {
    let path = "\(self.path)/\(name)"
    let file = try #require(fopen(path, "w"))
    defer { fclose(file) }
    try #require(fwrite(bytes, 1, bytes.count, file) == bytes.count)
    return path
  }

  /// The descriptors and mappings that the process has of files in it, those without a name, too.
  var openCount: Int {
    let descriptors = list("/proc/self/fd").count { entry in
      var target = [CChar](repeating: 0, count: 512)
      guard readlink("/proc/self/fd/\(entry)", &target, 511) > 0 else { return false }
      return target.withUnsafeBufferPointer { String(cString: $0.baseAddress!) }.hasPrefix(path + "/")
    }
    return descriptors + mappingCount
  }

  private var mappingCount: Int {
    guard let file = fopen("/proc/self/maps", "r") else { return 0 }
    defer { fclose(file) }
    var count = 0
    var line = [CChar](repeating: 0, count: 1024)
    while fgets(&line, 1024, file) != nil {
      if line.withUnsafeBufferPointer({ String(cString: $0.baseAddress!) }).contains(path + "/") {
        count += 1
      }
    }
    return count
  }

  private func list(_ path: String) -> [String] {
    guard let folder = opendir(path) else { return [] }
    defer { closedir(folder) }
    var names: [String] = []
    while let entry = readdir(folder) {
      let name = withUnsafePointer(to: &entry.pointee.d_name) {
        $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
      }
      if name != "." && name != ".." { names.append(name) }
    }
    return names
  }
}
