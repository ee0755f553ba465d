import Glibc

/// A folder of its own for a test, removed with the last reference.
final class TemporaryFolder: Sendable {
  let path: String

  init() throws {
    let base = getenv("TMPDIR").map { String(cString: $0) } ?? "/tmp"
    var template = Array("\(base)/hausdorffd-tests-XXXXXX".utf8CString)
    guard mkdtemp(&template) != nil else {
      throw ChildProcess.Failure(description: "mkdtemp: \(String(cString: strerror(errno)))")
    }
    path = template.withUnsafeBufferPointer { String(cString: $0.baseAddress!) }
  }

  deinit { remove() }

  /// Removes the folder with all that is in it.
  func remove() { remove(path) }

  func path(_ name: String) -> String { "\(path)/\(name)" }

  /// Writes a file; its path.
  @discardableResult
  func write(_ name: String, _ bytes: [UInt8]) throws -> String {
    let path = path(name)
    guard let file = fopen(path, "w") else {
      throw ChildProcess.Failure(description: "\(path): \(String(cString: strerror(errno)))")
    }
    defer { fclose(file) }
    guard fwrite(bytes, 1, bytes.count, file) == bytes.count else {
      throw ChildProcess.Failure(description: "\(path) cannot be written")
    }
    return path
  }

  func read(_ name: String) -> [UInt8] { (try? readFile(path(name))) ?? [] }

  private func remove(_ path: String) {
    for name in (try? namesInFolder(path)) ?? [] { remove("\(path)/\(name)") }
    Glibc.remove(path)
  }
}

/// The bytes of a file, of one in /proc too.
func readFile(_ path: String) throws -> [UInt8] {
  guard let file = fopen(path, "r") else {
    throw ChildProcess.Failure(description: "\(path): \(String(cString: strerror(errno)))")
  }
  defer { fclose(file) }
  var bytes: [UInt8] = []
  var buffer = [UInt8](repeating: 0, count: 65536)
  while case let count = fread(&buffer, 1, buffer.count, file), count > 0 { bytes += buffer[..<count] }
  return bytes
}

/// The names in a folder; throws where it is none.
func namesInFolder(_ path: String) throws -> [String] {
  guard let folder = opendir(path) else {
    throw ChildProcess.Failure(description: "\(path): \(String(cString: strerror(errno)))")
  }
  defer { closedir(folder) }
  var names: [String] = []
  while let entry = readdir(folder) {
    let name = withUnsafePointer(to: &entry.pointee.d_name) {
      $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
    }
    if name != ".", name != ".." { names.append(name) }
  }
  return names.sorted()
}
