import Hausdorff
import MaskFormats
import Testing

@Suite struct NPYTests {
  @Test(arguments: [
    ("u1", ScalarType.uint8), ("i1", .int8), ("little_u2", .uint16), ("big_u2", .uint16),
    ("little_i2", .int16),
    ("big_i2", .int16), ("little_u4", .uint32), ("big_u4", .uint32), ("little_i4", .int32),
    ("big_i4", .int32),
    ("little_u8", .uint64), ("big_u8", .uint64), ("little_i8", .int64), ("big_i8", .int64),
    ("little_f2", .float16), ("big_f2", .float16), ("little_f4", .float32), ("big_f4", .float32),
    ("little_f8", .float64), ("big_f8", .float64),
  ])
  func `every type is read in either byte order`(_ name: String, _ type: ScalarType) throws {
    let array = try NPY.decode(TestBytes(try fixture("c_\(name).npy")))
    #expect(array.shape == [5, 13])
    #expect(array.type == type)
    #expect(array.values == ramp(65).map { Double($0 / 2) })
  }

  @Test(arguments: ["u1", "little_u2", "big_f4", "little_f8"])
  func `Fortran order is turned to C order`(_ name: String) throws {
    let array = try NPY.decode(TestBytes(try fixture("fortran_\(name).npy")))
    #expect(array.shape == [3, 37, 41])
    #expect(array.values == ramp(3 * 37 * 41).map { Double($0 / 2) })
  }

  @Test(arguments: [
    ("version2", [5, 13]), ("version3", [5, 13]), ("rank1", [13]), ("fortran_rank5", [2, 3, 4, 3, 2]),
  ])
  func `every version and rank is read`(_ name: String, _ shape: [Int]) throws {
    let array = try NPY.decode(TestBytes(try fixture("\(name).npy")))
    #expect(array.shape == shape)
    #expect(array.values == ramp(shape.reduce(1, *)).map(Double.init))
  }

  @Test func `booleans are read as such`() throws {
    let array = try NPY.decode(TestBytes(try fixture("c_b1.npy")))
    #expect(array.type == .bool)
    #expect(array.values == ramp(65).map { $0 > 125 ? 1 : 0 })
  }

  @Test(arguments: [
    ("object", "pickled"), ("structured", "structured"), ("string", "'<U1'"), ("complex", "'<c8'"),
    ("longdouble", "'<f16'"), ("datetime", "'<M8[s]'"), ("rank0", "rank 0"), ("empty", "length 0"),
  ])
  func `what is no array of numbers is refused by name`(_ name: String, _ detail: String) throws {
    let bytes = try fixture("refused_\(name).npy")
    let error = try #require(failure { () throws(FormatError) in try NPY.decode(TestBytes(bytes)) })
    #expect(error.detail.contains(detail), "\(error.detail)")
  }

  @Test func `arrays that need no conversion stay in the source, at any offset`() throws {
    let file = try fixture("c_big_u2.npy")
    let source = TestBytes([1, 2, 3] + file + [4])
    #expect(try NPY.decode(source, range: 3..<3 + file.count).values == ramp(65).map { Double($0 / 2) })
  }

  /// A version 1.0 file with the header `text` and `count` bytes of data.
  private func file(_ text: String, count: Int = 6, version: [UInt8] = [1, 0]) -> TestBytes {
    let length = text.utf8.count
    let magic: [UInt8] = [0x93] + Array("NUMPY".utf8) + version
    return TestBytes(
      magic + [UInt8(length & 255), UInt8(length >> 8)] + Array(text.utf8)
        + [UInt8](repeating: 1, count: count))
  }

  @Test(arguments: [
    "{'descr': '|u1', 'fortran_order': False, 'shape': (2, 3), }",
    "{'shape':(2,3,),'fortran_order':True,'descr':'<u1'}",
    "{\"descr\": \"u1\" , 'fortran_order': False, 'shape': (2, 3)}".replacing("\"u1\"", with: "\"=u1\""),
    " {'descr': '>u1', 'shape': (2L, 3L), 'fortran_order': False}   \n",
  ])
  func `headers may be written in any order and with either quotes`(_ header: String) throws {
    #expect(try NPY.decode(file(header)).shape == [2, 3])
  }

  @Test(arguments: [
    "", "{", "{}", "{'descr': '|u1'}",
    "{'descr': '|u1', 'fortran_order': False, 'shape': (2, 3)} x",
    "{'descr': '|u1', 'fortran_order': False, 'shape': (2, 3)",
    "{'descr': '|u1', 'fortran_order': False, 'shape': (2, 3), 'more': 1}",
    "{'descr': '|u1', 'descr': '|u1', 'fortran_order': False, 'shape': (2, 3)}",
    "{'descr': '|u1', 'fortran_order': 0, 'shape': (2, 3)}",
    "{'descr': '|u1' 'fortran_order': False, 'shape': (2, 3)}",
    "{'descr': '|u1', 'fortran_order': False, 'shape': [2, 3]}",
    "{'descr': '|u1', 'fortran_order': False, 'shape': (6)}",
    "{'descr': '|u1', 'fortran_order': False, 'shape': (2 3)}",
    "{'descr': '|u1', 'fortran_order': False, 'shape': (,)}",
    "{'descr': '|u1', 'fortran_order': False, 'shape': (2,,3)}",
    "{'descr': '|u1', 'fortran_order': False, 'shape': (-2, 3)}",
    "{'descr': '|u1', 'fortran_order': False, 'shape': (02, 3)}",
    "{'descr': '|u1', 'fortran_order': False, 'shape': (2, 4)}",
    "{'descr': '|u1', 'fortran_order': False, 'shape': (5,)}",
    "{'descr': '|u1', 'fortran_order': False, 'shape': (0, 3)}",
    "{'descr': '|u1', 'fortran_order': False, 'shape': ()}",
    "{'descr': '|u1', 'fortran_order': False, 'shape': (1,1,1,1,2,3)}",
    "{'descr': '|u1', 'fortran_order': False, 'shape': (4294967296, 4294967296)}",
    "{'descr': '<u8', 'fortran_order': False, 'shape': (9223372036854775807,)}",
    "{'descr': '|u1', 'fortran_order': False, 'shape': (99999999999999999999,)}",
    "{'descr': '|u2', 'fortran_order': False, 'shape': (3,)}",
    "{'descr': 'u1', 'fortran_order': False, 'shape': (6,)}",
    "{'descr': '|O', 'fortran_order': False, 'shape': (6,)}",
    "{'descr': '', 'fortran_order': False, 'shape': (6,)}",
    "{'descr': '|u1\\x', 'fortran_order': False, 'shape': (6,)}",
    "{'descr': [('a', '|u1')], 'fortran_order': False, 'shape': (6,)}",
    "{'descr': '|u1', 'fortran_order': False, 'shape': (6,)}\u{0}",
  ])
  func `headers that break the rules are refused`(_ header: String) {
    #expect(throws: FormatError.self) { try NPY.decode(file(header)) }
  }

  @Test(arguments: [[0, 0], [1, 1], [4, 0]] as [[UInt8]])
  func `unknown versions are refused`(_ version: [UInt8]) {
    let header = "{'descr': '|u1', 'fortran_order': False, 'shape': (6,)}"
    #expect(throws: FormatError.self) { try NPY.decode(file(header, version: version)) }
  }

  @Test func `a header over its limit is refused`() {
    let length: [UInt8] = [1, 0, 1, 0]  // 65,537
    let bytes = [0x93] + Array("NUMPY".utf8) + [2, 0] + length + [UInt8](repeating: 0x20, count: 70_000)
    #expect(failure { () throws(FormatError) in try NPY.decode(TestBytes(bytes)) }?.kind == .tooLarge)
  }

  @Test(arguments: ["c_u1.npy", "fortran_rank5.npy", "version3.npy", "c_big_f2.npy"])
  func `a file cut short or too long is refused, and one with a bit flipped never crashes`(_ name: String)
    throws
  {
    let bytes = try fixture(name)
    for count in 0..<bytes.count {
      #expect(throws: FormatError.self) { try NPY.decode(TestBytes(bytes[..<count], paddingCount: 0)) }
    }
    #expect(throws: FormatError.self) { try NPY.decode(TestBytes(bytes + [0])) }
    for bit in 0..<bytes.count * 8 {
      var flipped = bytes
      flipped[bit / 8] ^= 1 << UInt8(bit % 8)
      if let array = try? NPY.decode(TestBytes(flipped, paddingCount: 0)) {
        #expect(array.byteCount == array.shape.reduce(array.type.byteCount, *))
      }
    }
  }
}
