import Foundation
import MaskFormats
import Testing

@testable import Training

@Suite struct DataSetFileTests {
  private let folder = try! ScratchFolder()

  /// A file with samples of three sizes.
  private func write(_ name: String = "set") throws -> DataSet {
    let writer = try DataSetWriter(.file(path: "\(folder.path)/\(name)"), name: name)
    try writer.append(try rampSample("a", channels: 2, height: 3, width: 5))
    try writer.append(try rampSample("größer", channels: 2, height: 8, width: 2))
    try writer.append(try rampSample("", channels: 2, height: 1, width: 1))
    return try writer.finish()
  }

  @Test func `what was written is read again, from the first mapping and from a later one`() throws {
    let written = try write()
    for set in [written, try DataSet(path: "\(folder.path)/set")] {
      #expect(set.count == 3 && set.channels == 2 && set.largestLabel == 2 && set.hasForeground)
      #expect((0..<3).map(set.name(of:)) == ["a", "größer", ""])
      #expect((0..<3).map { set.size(of: $0).height } == [3, 8, 1])
      #expect((0..<3).map { set.size(of: $0).width } == [5, 2, 1])
      #expect((0..<3).map(set.largestLabel(of:)) == [2, 2, 0])
      #expect((0..<3).map(set.foregroundCount(of:)) == [10, 10, 0])
      for (index, pixels) in [15, 16, 1].enumerated() {
        #expect(set.image(index) == ramp(2 * pixels).map(Float.init))
        #expect(set.labels(index) == labels(pixels))
      }
      #expect(set.digest.count == 64)
      try set.verify()
    }
    #expect(try folder.names == ["set"])
  }

  @Test func `samples begin at multiples of 64 bytes, and the file is no longer than it must be`() throws {
    let set = try write()
    // A header, then 30 + 15, 32 + 16 and 2 + 1 bytes, then an index of three.
    #expect(set.byteCount == 128 + 64 + 64 + 3 + 3 * 32 + "agrößer".utf8.count)
  }

  @Test func `the digest is that of the bytes, whoever wrote them`() throws {
    #expect(try write("one").digest == write("other").digest)
    let writer = try DataSetWriter(.scratch(folder: folder.path), name: "changed")
    try writer.append(try rampSample("b", channels: 2, height: 3, width: 5))
    let first = try writer.finish().digest
    let again = try DataSetWriter(.scratch(folder: folder.path), name: "changed")
    try again.append(try rampSample("c", channels: 2, height: 3, width: 5))
    #expect(try again.finish().digest != first)
  }

  @Test func `a file that is not whole has no name, and one without a name leaves none`() throws {
    let writer = try DataSetWriter(.file(path: "\(folder.path)/set"), name: "set")
    try writer.append(try rampSample("a", height: 3, width: 5))
    #expect(try !folder.names.contains("set"))
    var abandoned: DataSetWriter? = try DataSetWriter(.file(path: "\(folder.path)/other"), name: "other")
    try abandoned?.append(try rampSample("a", height: 3, width: 5))
    abandoned = nil
    _ = try writer.finish()
    #expect(try folder.names == ["set"])
    let scratch = try DataSetWriter(.scratch(folder: folder.path), name: "scratch")
    try scratch.append(try rampSample("a", height: 3, width: 5))
    let set = try scratch.finish()
    #expect(try folder.names == ["set"])
    #expect(set.labels(0) == labels(15))
  }

  @Test func `a file system without nameless files does as well`() throws {
    let path = "\(folder.path)/set"
    for destination in [Destination.scratch(folder: folder.path), .file(path: path)] {
      let output = try OutputFile(destination, hasNamelessFiles: false)
      try output.append(([1, 2, 3] as [UInt8]).span.bytes)
      try output.replaceStart(by: ([4] as [UInt8]).span.bytes)
      #expect(try output.finish().bytes(0..<10) == [4, 2, 3])
    }
    #expect(try folder.names == ["set"])
    var abandoned: OutputFile? = try OutputFile(.file(path: path), hasNamelessFiles: false)
    try abandoned?.append([1].span.bytes)
    #expect(try folder.names.count == 2)
    abandoned = nil
    #expect(try folder.names == ["set"])
  }

  @Test func `bytes of any number come in their order`() throws {
    let output = try OutputFile(.scratch(folder: folder.path))
    var expected: [UInt8] = []
    for count in [1, 3_000_000, 1 << 20, 0, 1_000_000, 100_000, 1, (1 << 20) + 1] {
      let bytes = (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ count) }
      try output.append(bytes.span.bytes)
      expected += bytes
      #expect(output.count == expected.count)
    }
    #expect(try output.finish().bytes(0..<expected.count) == expected)
  }

  @Test func `a folder in the place of the file is the system's fault, and nothing is left`() throws {
    try folder.write("set/file", [])
    let error = failure { () throws(DataSetError) in
      let output = try OutputFile(.file(path: "\(folder.path)/set"))
      _ = try output.finish()
    }
    #expect(error?.kind == .unavailable)
    #expect(try folder.names == ["set"])
  }

  @Test func `a data set that is replaced or deleted while in use stays what it was`() throws {
    let set = try write()
    let writer = try DataSetWriter(.file(path: "\(folder.path)/set"), name: "set")
    try writer.append(try rampSample("new", height: 1, width: 1))
    _ = try writer.finish()
    #expect(set.image(0) == ramp(30).map(Float.init))
    #expect(try DataSet(path: "\(folder.path)/set").count == 1)
  }

  @Test func `channels may not differ, and there must be samples`() throws {
    let writer = try DataSetWriter(.scratch(folder: folder.path), name: "set")
    #expect(failure { () throws(DataSetError) in try writer.finish() }?.detail == "set: there are no samples")
    try writer.append(try rampSample("a", height: 3, width: 5))
    let other = try rampSample("b", channels: 3, height: 3, width: 5)
    let error = try #require(failure { () throws(DataSetError) in try writer.append(other) })
    #expect(error == DataSetError(.invalid, "b: the image has 3 channels; those before it have 1"))
  }

  @Test(arguments: ["/nowhere/set", "/proc/set"])
  func `a file that cannot be made is the system's fault`(_ path: String) {
    let error = failure { () throws(DataSetError) in try DataSetWriter(.file(path: path), name: "set") }
    #expect(error?.kind == .unavailable)
  }

  @Test func `what is no data set is refused`() throws {
    for (bytes, words) in [
      ([], "first bytes"), (Array("hausdset".utf8), "cut short"),
      ([UInt8](repeating: 7, count: 500), "first bytes"),
    ] as [([UInt8], String)] {
      let path = try folder.write("file", bytes)
      let error = try #require(failure { () throws(DataSetError) in try DataSet(path: path) })
      #expect(error.kind == .invalid && error.detail.contains(words), "\(error)")
    }
    #expect(failure { () throws(DataSetError) in try DataSet(path: folder.path) }?.kind == .invalid)
    #expect(
      failure { () throws(DataSetError) in try DataSet(path: "\(folder.path)/none") }?.kind == .unavailable)
  }

  @Test func `a file cut short anywhere, or longer than it was, is refused`() throws {
    _ = try write()
    let bytes = try readFile("\(folder.path)/set")
    for count in 0..<bytes.count {
      let path = try folder.write("cut", Array(bytes[..<count]))
      #expect(failure { () throws(DataSetError) in try DataSet(path: path) }?.kind == .invalid, "\(count)")
    }
    let path = try folder.write("longer", bytes + [0])
    #expect(failure { () throws(DataSetError) in try DataSet(path: path) }?.kind == .invalid)
  }

  @Test func `a byte changed anywhere is refused when opened or found when verified, and never crashes`()
    throws
  {
    _ = try write()
    let bytes = try readFile("\(folder.path)/set")
    for at in bytes.indices {
      for value in [bytes[at] ^ 1, bytes[at] ^ 0x80, 0, 0xFF] where value != bytes[at] {
        var changed = bytes
        changed[at] = value
        let path = try folder.write("changed", changed)
        let error = failure { () throws(DataSetError) in
          let set = try DataSet(path: path)
          for index in 0..<set.count {
            let (height, width) = set.size(of: index)
            precondition(set.image(index).count == set.channels * height * width)
            precondition(set.labels(index).count == height * width)
          }
          try set.verify()
        }
        #expect(error?.kind == .invalid, "byte \(at)")
      }
    }
  }

  @Test(arguments: [16, 24, 32, 259])
  func `numbers near the ends of their ranges never crash`(_ offset: Int) throws {
    _ = try write()
    let bytes = try readFile("\(folder.path)/set")
    for number: UInt64 in [.max, 1 << 63, .max >> 1, 1 << 62, 1 << 32, 1 << 31, 0] {
      var changed = bytes
      for byte in 0..<8 { changed[offset + byte] = UInt8(truncatingIfNeeded: number >> (8 * UInt64(byte))) }
      let path = try folder.write("changed", changed)
      #expect(failure { () throws(DataSetError) in try DataSet(path: path) }?.kind == .invalid, "\(number)")
    }
  }

  @Test func `a digest is the SHA-256 that others compute`() {
    var hash = SHA256()
    hash.update([UInt8]("ab".utf8).span.bytes)
    hash.update([UInt8]("c".utf8).span.bytes)
    let expected: [UInt8] = [0xBA, 0x78, 0x16, 0xBF, 0x8F, 0x01, 0xCF, 0xEA]
    #expect(hash.finish().starts(with: expected))
  }
}
