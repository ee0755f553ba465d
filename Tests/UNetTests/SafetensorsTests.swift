import Glibc
import Hausdorff
import Testing

@testable import UNet

struct SafetensorsTests {
  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  private static let sample = Safetensors(
    metadata: [("z", "last letter first"), ("a \"b\" \\", "tab\t, line\n, \u{1}, é, 🩻"), ("empty", "")],
    tensors: [
      .init(
        name: "w\"\\\n.ü", shape: [2, 3], values: [0, -0.0, .infinity, .nan, .leastNonzeroMagnitude, 1.5]),
      .init(name: "scalar", shape: [], values: [7]), .init(name: "none", shape: [3, 0], values: []),
      .init(name: "vector", shape: [2], values: [1, -2]),
    ])

  /// A file of this header, as long as it is, with so many bytes behind it.
  private func file(_ header: String, data: Int = 0) throws -> String {
    let length = withUnsafeBytes(of: UInt64(header.utf8.count).littleEndian) { Array($0) }
    return try folder.write("file", length + Array(header.utf8) + [UInt8](repeating: 0, count: data))
  }

  private func expectSample(_ read: Safetensors) {
    #expect(read.metadata.map(\.0) == Self.sample.metadata.map(\.0))
    #expect(read.metadata.map(\.1) == Self.sample.metadata.map(\.1))
    #expect(read.tensors.map(\.name) == Self.sample.tensors.map(\.name))
    #expect(read.tensors.map(\.shape) == Self.sample.tensors.map(\.shape))
    #expect(
      read.tensors.map { $0.values.map(\.bitPattern) }
        == Self.sample.tensors.map { $0.values.map(\.bitPattern) })
  }

  @Test func `What is written reads back the same, bit for bit`() throws {
    let path = folder.path("file")
    try Self.sample.write(to: path)
    expectSample(try Safetensors.read(path: path))
  }

  @Test(arguments: 0..<8) func `The elements begin at a multiple of 8 bytes`(_ length: Int) throws {
    let name = String(repeating: "n", count: length)
    let path = folder.path("file")
    try Safetensors(tensors: [.init(name: name, shape: [1], values: [1])]).write(to: path)
    let bytes = folder.read("file")
    #expect(bytes[0] % 8 == 0 && bytes.count == 8 + Int(bytes[0]) + 4)
    #expect(try Safetensors.read(path: path).tensors.map(\.name) == [name])
  }

  @Test func `A file without anything, and one with a long text and many tensors, read back`() throws {
    let path = folder.path("file")
    try Safetensors().write(to: path)
    #expect(try Safetensors.read(path: path).tensors.isEmpty)
    let text = String(repeating: "\n0 1 2", count: 1 << 18)
    let tensors = (0..<3000).map {
      Safetensors.Tensor(name: "t\($0)", shape: [1, 1, 1, 1], values: [Float($0)])
    }
    try Safetensors(metadata: [("long", text)], tensors: tensors).write(to: path)
    let read = try Safetensors.read(path: path)
    #expect(read.entries == ["long": text])
    #expect(read.tensors == tensors)
  }

  @Test func `Only tensors that are wanted are read`() throws {
    let path = folder.path("file")
    try Self.sample.write(to: path)
    let read = try Safetensors.read(path: path) { $0 == "vector" }
    #expect(read.tensors == [Self.sample.tensors[3]])
    #expect(read.metadata.count == 3)
  }

  @Test func `Elements need not be in the header's order`() throws {
    let path = try file(
      #"{"b":{"dtype":"F32","shape":[2],"data_offsets":[4,12]},"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}"#,
      data: 12)
    #expect(try Safetensors.read(path: path).tensors.map(\.shape) == [[2], [1]])
  }

  private static func tensor(_ type: String, _ shape: String, _ offsets: String, name: String = "a") -> String
  {
    #""\#(name)":{"dtype":"\#(type)","shape":\#(shape),"data_offsets":\#(offsets)}"#
  }

  private static let hostile: [(String, Int, String)] = [
    ("", 0, "the header: it is not an object"), ("[]", 0, "the header: it is not an object"),
    (" {}", 0, "the header: it is not an object"), ("{", 0, "the header: "), ("{}{}", 0, "the header: "),
    ("{}", 4, "the tensors take 0 bytes, but 4 follow the header"),
    (#"{"a":1}"#, 0, #"tensor "a" is not an object"#), (#"{"a":{}}"#, 0, #"tensor "a" has no dtype"#),
    (#"{"a":{"dtype":1}}"#, 0, #"dtype of tensor "a" is not a text"#),
    (#"{"a":{"dtype":"F32"}}"#, 0, #"tensor "a" has no shape"#),
    (#"{"a":{"dtype":"F32","shape":[0]}}"#, 0, #"tensor "a" has no data_offsets"#),
    ("{\(tensor("F64", "[1]", "[0,8]"))}", 8, #"tensor "a" has dtype "F64"; only F32"#),
    ("{\(tensor("BF16", "[2]", "[0,4]"))}", 4, #"tensor "a" has dtype "BF16"; only F32"#),
    ("{\(tensor("F16", "[2]", "[0,4]"))}", 4, #"tensor "a" has dtype "F16"; only F32"#),
    ("{\(tensor("f32", "[1]", "[0,4]"))}", 4, #"tensor "a" has dtype "f32"; only F32"#),
    ("{\(tensor("F32", "1", "[0,4]"))}", 4, #"shape of tensor "a" is not an array"#),
    ("{\(tensor("F32", "[-1]", "[0,4]"))}", 4, #"shape of tensor "a" is not made of whole numbers"#),
    ("{\(tensor("F32", "[0.5]", "[0,4]"))}", 4, #"shape of tensor "a" is not made of whole numbers"#),
    ("{\(tensor("F32", "[\"1\"]", "[0,4]"))}", 4, #"shape of tensor "a" is not made of whole numbers"#),
    ("{\(tensor("F32", "[1e300]", "[0,4]"))}", 4, #"shape of tensor "a" is not made of whole numbers"#),
    ("{\(tensor("F32", "[2]", "[0,4]"))}", 4, #"tensor "a" has shape [2], which does not take the 4 bytes"#),
    ("{\(tensor("F32", "[1]", "[0,5]"))}", 5, #"tensor "a" has shape [1], which does not take the 5 bytes"#),
    (
      "{\(tensor("F32", "[4294967296,4294967296]", "[0,0]"))}", 0,
      #"tensor "a" has shape [4294967296, 4294967296], which does not take"#
    ),
    ("{\(tensor("F32", "[1]", "[4,0]"))}", 4, #"data_offsets of tensor "a" are not two rising"#),
    ("{\(tensor("F32", "[1]", "[0]"))}", 4, #"data_offsets of tensor "a" are not two rising"#),
    ("{\(tensor("F32", "[1]", "[0,4,8]"))}", 4, #"data_offsets of tensor "a" are not two rising"#),
    ("{\(tensor("F32", "[1]", "[-4,0]"))}", 4, #"data_offsets of tensor "a" is not made of whole numbers"#),
    ("{\(tensor("F32", "[1]", "[0,4]"))}", 3, "the tensors take 4 bytes, but 3 follow the header"),
    ("{\(tensor("F32", "[1]", "[4,8]"))}", 8, #"tensor "a" begin at byte 4, where those before end at 0"#),
    (
      "{\(tensor("F32", "[2]", "[0,8]")),\(tensor("F32", "[1]", "[4,8]", name: "b"))}", 8,
      #"tensor "b" begin at byte 4, where those before end at 8"#
    ),
    (
      "{\(tensor("F32", "[1]", "[0,4]")),\(tensor("F32", "[1]", "[8,12]", name: "b"))}", 12,
      #"tensor "b" begin at byte 8, where those before end at 4"#
    ),
    (
      "{\(tensor("F32", "[1]", "[0,4]")),\(tensor("F32", "[1]", "[9007199254740988,9007199254740992]", name: "b"))}",
      8, #"tensor "b" begin at byte 9007199254740988"#
    ),
    ("{\(tensor("F32", "[1]", "[0,4]")),\(tensor("F32", "[1]", "[4,8]"))}", 8, "this name comes twice"),
    (#"{"__metadata__":1}"#, 0, "__metadata__ is not an object"),
    (#"{"__metadata__":{"k":1}}"#, 0, #"the metadata's "k" is not a text"#),
    (#"{"__metadata__":{"k":"","k":""}}"#, 0, "this name comes twice"),
    (#"{"\u001b[2J":1}"#, 0, #"tensor "\u{1B}[2J" is not an object"#),
    (String(repeating: #"{"a":"#, count: 100_000), 0, "nested deeper than"),
    ("{\"a\":[" + String(repeating: "0,", count: 1 << 20) + "0]}", 0, "values"),
  ]

  @Test(arguments: hostile)
  func `A header that makes no sense is refused in words`(_ header: String, _ data: Int, _ words: String)
    throws
  {
    let path = try file(header, data: data)
    let error = #expect(throws: UNetError.self) { try Safetensors.read(path: path) }
    #expect(error?.kind == .model)
    #expect(
      error?.detail.hasPrefix("\(path): ") == true && error?.detail.contains(words) == true, "\(error!)")
  }

  @Test(
    arguments: [
      ([], "0 bytes are no safetensors file"), ([1, 0, 0], "3 bytes are no safetensors file"),
      ([3, 0, 0, 0, 0, 0, 0, 0, 0x7B, 0x7D], "the header's length is 3 bytes, but only 2 follow"),
      ([2, 0, 0, 0, 0, 0, 0, 0, 0x7B, 0xFF], "the header is not UTF-8"),
      ([1, 0, 0, 4, 0, 0, 0, 0], "the header's length is 67108865 bytes; the most is 67108864"),
      ([UInt8](repeating: 255, count: 16), "the header's length is 18446744073709551615 bytes"),
    ] as [([UInt8], String)])
  func `A length that makes no sense is refused in words`(_ bytes: [UInt8], _ words: String) throws {
    let path = try folder.write("file", bytes)
    let error = #expect(throws: UNetError.self) { try Safetensors.read(path: path) }
    #expect(error?.kind == .model && error?.detail.contains(words) == true, "\(error!)")
  }

  @Test func `Files beyond any network's size, folders, pipes and nothing are refused`() throws {
    let path = try folder.write("large", [])
    #expect(truncate(path, 17 << 30) == 0)
    let error = #expect(throws: UNetError.self) { try Safetensors.read(path: path) }
    #expect(error?.kind == .model && error?.detail.contains("the most is") == true)
    #expect(mkfifo(folder.path("pipe"), 0o600) == 0)
    for (path, words) in [
      (folder.path, "not a file"), (folder.path("pipe"), "not a file"),
      (folder.path("none"), "No such file or directory"),
    ] {
      let error = #expect(throws: UNetError.self) { try Safetensors.read(path: path) }
      #expect(error == UNetError(.system, "\(path): \(words)"))
    }
  }

  @Test func `A file that is cut anywhere is refused`() throws {
    try Self.sample.write(to: folder.path("whole"))
    let whole = folder.read("whole")
    for count in 0..<whole.count {
      let path = try folder.write("file", whole[..<count])
      let error = #expect(throws: UNetError.self) { try Safetensors.read(path: path) }
      #expect(error?.kind == .model)
    }
  }

  @Test func `A header with random faults is read or refused`() throws {
    try Self.sample.write(to: folder.path("whole"))
    let whole = folder.read("whole")
    let header = 8..<8 + Int(whole[0]) + Int(whole[1]) << 8
    var random = Random(seed: 1)
    var refusals = 0
    for _ in 0..<3000 {
      var bytes = whole
      for _ in 0...random.index(below: 3) {
        bytes[header.lowerBound + random.index(below: header.count)] = UInt8(random.index(below: 256))
      }
      let path = try folder.write("file", bytes)
      do throws(UNetError) {
        _ = try Safetensors.read(path: path)
      } catch {
        #expect(error.kind == .model)
        refusals += 1
      }
    }
    #expect(refusals > 1500)
  }
}
