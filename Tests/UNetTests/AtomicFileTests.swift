import Glibc
import Testing

@testable import UNet

struct AtomicFileTests {
  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  private func write(_ path: String, _ chunks: [[UInt8]]) throws(UNetError) {
    try AtomicFile.write(to: path) { (file) throws(UNetError) in
      for chunk in chunks { try file.append(chunk) }
    }
  }

  @Test func `A file holds what was appended, in place of what it held before`() throws {
    let path = folder.path("file")
    try write(path, [[1, 2], [], [3]])
    try write(path, [[4, 5]])
    #expect(folder.read("file") == [4, 5])
    #expect(try folder.names == ["file"])
  }

  @Test func `A failure on the way leaves the previous file and nothing else`() throws {
    let path = try folder.write("file", [7])
    let failure = UNetError(.notFinite, "on the way")
    let error = #expect(throws: UNetError.self) {
      try AtomicFile.write(to: path) { (file) throws(UNetError) in
        try file.append([UInt8](repeating: 1, count: 1 << 20))
        throw failure
      }
    }
    #expect(error == failure)
    #expect(folder.read("file") == [7])
    #expect(try folder.names == ["file"])
  }

  @Test func `A full disk is told in the system's words`() {
    let file = AtomicFile(path: "a/b", descriptor: open("/dev/full", O_WRONLY))
    let full = UNetError(.system, "a/b: No space left on device")
    do throws(UNetError) {
      try file.append([UInt8(1)])
      Issue.record("/dev/full took a byte")
    } catch {
      #expect(error == full)
    }
  }

  /// A file system of 1 MiB, where this process may mount one: as root, but not in every container.
  private func withSmallDisk(_ body: () throws -> Void) throws {
    guard mount("tmpfs", folder.path, "tmpfs", 0, "size=1m") == 0 else { return }
    defer { umount2(folder.path, Int32(MNT_DETACH)) }
    try body()
  }

  @Test func `A disk that gets full leaves the previous file and nothing else`() throws {
    try withSmallDisk {
      let path = try folder.write("file", [7])
      let tensors = [
        Safetensors.Tensor(name: "a", shape: [1 << 19], values: .init(repeating: 1, count: 1 << 19))
      ]
      let error = #expect(throws: UNetError.self) { try Safetensors(tensors: tensors).write(to: path) }
      #expect(error == UNetError(.system, "\(path): No space left on device"))
      #expect(folder.read("file") == [7])
      #expect(try folder.names == ["file"])
      try write(path, [[UInt8](repeating: 2, count: 900_000)])
      #expect(folder.read("file").count == 900_000, "the part has given its room back")
    }
  }

  @Test func `What cannot be replaced stays`() throws {
    #expect(mkdir(folder.path("folder"), 0o700) == 0 && mkfifo(folder.path("pipe"), 0o600) == 0)
    for name in ["folder", "pipe"] {
      let error = #expect(throws: UNetError.self) { try write(folder.path(name), [[1]]) }
      #expect(error == UNetError(.system, "\(folder.path(name)): not a file"))
    }
    #expect(try folder.names == ["folder", "pipe"])
  }

  @Test(arguments: [("missing/file", "No such file or directory"), ("file/file", "Not a directory")])
  func `A folder that is none is told`(_ name: String, _ words: String) throws {
    try folder.write("file", [7])
    let path = folder.path(name)
    let error = #expect(throws: UNetError.self) { try write(path, [[1]]) }
    #expect(error == UNetError(.system, "\(path): \(words)"))
    #expect(try folder.names == ["file"])
  }

  @Test func `A name may be as long as names may be`() throws {
    let name = String(repeating: "n", count: 255)
    try write(folder.path(name), [[1]])
    #expect(try folder.names == [name])
  }
}
