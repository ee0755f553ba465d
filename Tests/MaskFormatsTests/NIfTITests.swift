import Foundation
import Hausdorff
import MaskFormats
import TestSupport
import Testing

private func decode(_ bytes: [UInt8], limits: FormatLimits = FormatLimits()) throws(FormatError)
  -> NumericArray
{
  try NIfTI.decode(TestBytes(bytes, paddingCount: 0), limits: limits)
}

@Suite struct NIfTITests {
  /// What Fixtures/record_nifti.py recorded of a file.
  private struct Recorded: Decodable {
    var name: String
    var file: Data
    var shape: [Int]
    var type: String
    var values: [Double]
    var zooms: [Double]
    var affine: [Double]
  }

  @Test func `files that nibabel wrote are read as nibabel reads them`() throws {
    let cases = try JSONDecoder().decode([Recorded].self, from: Data(try fixture("nifti.json")))
    #expect(cases.count > 150)
    for recorded in cases {
      let array = try decode(Array(recorded.file))
      #expect(array.shape == recorded.shape, "\(recorded.name)")
      #expect(array.type.rawValue == recorded.type, "\(recorded.name)")
      #expect(array.values == recorded.values, "\(recorded.name)")
      let geometry = try #require(array.geometry)
      #expect(geometry.spacing == recorded.zooms, "\(recorded.name)")
      for (found, expected) in zip(geometry.affine, recorded.affine) {
        #expect(
          abs(found - expected) <= 1e-12 * max(1, abs(expected)), "\(recorded.name): \(geometry.affine)")
      }
    }
  }

  @Test(arguments: ScalarType.allCases.filter { NIfTIBytes.codes[$0] != nil }, [false, true])
  func `volumes of any size come in C order, in either byte order`(_ type: ScalarType, _ isBigEndian: Bool)
    throws
  {
    let shapes = [
      [1, 1, 1], [7, 1, 1], [1, 7, 1], [1, 1, 7], [5, 9, 1], [1, 65, 70], [130, 1, 67], [63, 3, 65],
      [64, 2, 128],
      [2, 100, 3], [33, 17, 16], [200, 5],
    ]
    for shape in shapes {
      let size = type.byteCount
      let count = shape.reduce(1, *)
      let data = (0..<count * size).map { UInt8(truncatingIfNeeded: $0 &* 167 &+ $0 >> 8) }
      let file = NIfTIBytes(
        isBigEndian: isBigEndian, dim: [shape.count] + shape + Array(repeating: 1, count: 7 - shape.count),
        datatype: NIfTIBytes.codes[type]!, data: data)
      let array = try decode(file.bytes)
      #expect(array.shape == shape && array.type == type)
      let (ni, nj, nk) = (shape[0], shape[1], shape.count > 2 ? shape[2] : 1)
      var expected: [UInt8] = []
      for i in 0..<ni {
        for j in 0..<nj {
          for k in 0..<nk {
            let element = data[size * (i + ni * (j + nj * k))..<size * (i + ni * (j + nj * k) + 1)]
            expected += isBigEndian ? Array(element.reversed()) : Array(element)
          }
        }
      }
      #expect(array.elements(UInt8.self) == expected, "\(shape)")
    }
  }

  private static let refused: [(String, @Sendable (inout NIfTIBytes) -> Void, FormatError.Kind, String)] = [
    ("no size", { $0.headerSize = 0 }, .malformed, "not a NIfTI file"),
    ("magic", { $0.magic = Array("n+3\0".utf8) }, .malformed, "magic"),
    ("no magic", { $0.magic = [] }, .malformed, "magic"),
    ("pair", { $0.magic = Array(($0.isLong ? "ni2\0" : "ni1\0").utf8) }, .unsupported, ".hdr and .img"),
    (
      "the other version's magic", { $0.magic = Array(($0.isLong ? "n+1\0" : "n+2\0").utf8) }, .malformed,
      "magic"
    ),
    ("no axes", { $0.dim[0] = 0 }, .malformed, "0 axes"),
    ("negative number of axes", { $0.dim[0] = -3 }, .malformed, "-3 axes"),
    ("eight axes", { $0.dim[0] = 8 }, .malformed, "8 axes"),
    ("one axis", { $0.dim = [1, 24, 1, 1, 1, 1, 1, 1] }, .unsupported, "[24]"),
    ("an empty axis", { $0.dim[2] = 0 }, .malformed, "[2, 0, 4]"),
    ("a negative axis", { $0.dim[1] = -1 }, .malformed, "[-1, 3, 4]"),
    ("an empty axis behind", { $0.dim = [4, 2, 3, 4, 0, 1, 1, 1] }, .malformed, "[2, 3, 4, 0]"),
    ("four axes", { $0.dim = [4, 2, 3, 2, 2, 1, 1, 1] }, .unsupported, "[2, 3, 2, 2]"),
    ("five axes", { $0.dim = [5, 2, 3, 2, 1, 2, 1, 1] }, .unsupported, "[2, 3, 2, 1, 2]"),
    ("more than there is", { $0.dim[3] = 5 }, .malformed, "24 bytes of data; its header declares 30"),
    ("less than there is", { $0.dim[3] = 3 }, .malformed, "its header declares 18"),
    ("huge", { $0.dim = [3, 32767, 32767, 32767, 1, 1, 1, 1] }, .tooLarge, "over the limit"),
    ("no type", { $0.datatype = 0 }, .unsupported, "datatype 0"),
    ("bits", { $0.datatype = 1 }, .unsupported, "(bits)"),
    ("complex", { $0.datatype = 32 }, .unsupported, "(complex64)"),
    ("colours", { $0.datatype = 128 }, .unsupported, "(RGB)"),
    ("colours with opacity", { $0.datatype = 2304 }, .unsupported, "(RGBA)"),
    ("long floats", { $0.datatype = 1536 }, .unsupported, "(float128)"),
    ("unknown type", { $0.datatype = -2 }, .unsupported, "datatype -2"),
    ("data at 0", { $0.offset = 0 }, .malformed, "before byte"),
    ("data in the header", { $0.offset = 340 }, .malformed, "before byte"),
    ("data before the file", { $0.offset = -1e6 }, .malformed, "before byte"),
    ("data behind the file", { $0.offset = 500_000 }, .malformed, "0 bytes of data"),
    ("data far behind the file", { $0.offset = 1e18 }, .tooLarge, "before the data"),
    ("no spacing", { $0.pixdim[2] = .nan }, .malformed, "pixdim"),
    ("endless spacing", { $0.pixdim[1] = -.infinity }, .malformed, "pixdim"),
    ("intercept", { ($0.slope, $0.intercept) = (1, .nan) }, .malformed, "scl_inter"),
    ("quaternion", { ($0.qformCode, $0.quaternion) = (1, [0.9, 0.9, 0]) }, .malformed, "quaternion"),
    ("no quaternion", { ($0.qformCode, $0.quaternion) = (1, [.nan, 0, 0]) }, .malformed, "quaternion"),
  ]

  @Test(arguments: refused.indices, [false, true])
  func `what breaks the rules is refused in words`(_ index: Int, _ isLong: Bool) throws {
    let (name, change, kind, words) = Self.refused[index]
    for isBigEndian in [false, true] {
      var file = NIfTIBytes(isLong: isLong, isBigEndian: isBigEndian)
      change(&file)
      for bytes in name == "no size" ? [file.bytes] : [file.bytes, deflated(file.bytes)] {
        let error = try #require(failure { () throws(FormatError) in try decode(bytes) }, "\(name)")
        #expect(error.kind == kind && error.detail.contains(words), "\(name): \(error)")
      }
    }
  }

  @Test func `version 1 has data at whole bytes, version 2 whole line ends`() throws {
    #expect(
      failure { () throws(FormatError) in try decode(NIfTIBytes(offset: 352.5).bytes) }?.kind == .malformed)
    #expect(
      failure { () throws(FormatError) in try decode(NIfTIBytes(offset: .nan).bytes) }?.kind == .malformed)
    let long = NIfTIBytes(isLong: true, magic: Array("n+2\0\n\u{1A}\n\0".utf8))
    #expect(
      failure { () throws(FormatError) in try decode(long.bytes) }?.detail.contains("line ends") == true)
    #expect(
      try decode(NIfTIBytes(isLong: true, magic: Array("n+2\0\0\0\0\0".utf8)).bytes).shape == [2, 3, 4])
  }

  @Test func `sizes of version 2 that overflow are refused`() {
    for dim in [
      [3, Int.max, Int.max, 2], [3, 1 << 32, 1 << 32, 1], [2, Int.max, 1, 1], [3, Int.min, 1, 1],
    ] {
      let file = NIfTIBytes(isLong: true, dim: dim + [1, 1, 1, 1])
      #expect(failure { () throws(FormatError) in try decode(file.bytes) } != nil)
    }
    for offset in [9.2e18, -9.2e18] {
      #expect(
        failure { () throws(FormatError) in try decode(NIfTIBytes(isLong: true, offset: offset).bytes) }
          != nil)
    }
  }

  @Test func `the limit counts the decoded bytes, scaled ones as float64`() throws {
    for (slope, size) in [(0.0, 24), (2.0, 192)] {
      let file = NIfTIBytes(slope: slope).bytes
      for bytes in [file, deflated(file)] {
        #expect(try decode(bytes, limits: FormatLimits(maximumBytes: size)).byteCount == size)
        let error = failure { () throws(FormatError) in
          try decode(bytes, limits: FormatLimits(maximumBytes: size - 1))
        }
        #expect(error?.kind == .tooLarge)
      }
    }
  }

  @Test func `a volume within its file lies where it was found if it needs no change`() throws {
    let file = NIfTIBytes(dim: [2, 24, 1, 1, 1, 1, 1, 1]).bytes
    let source = TestBytes([1, 2, 3] + file + [4])
    let array = try NIfTI.decode(source, range: 3..<3 + file.count)
    #expect(array.shape == [24, 1] && array.values == (0..<24).map(Double.init))
  }

  @Test(arguments: [(false, false), (true, true)])
  func `a file cut short or too long is refused, and one with a bit flipped never crashes`(
    _ isLong: Bool, _ isBigEndian: Bool
  ) throws {
    let file = NIfTIBytes(
      isLong: isLong, isBigEndian: isBigEndian, datatype: 512, qformCode: 1, quaternion: [0.5, 0.5, 0.5],
      data: [UInt8](0..<48)
    ).bytes
    for bytes in [file, deflated(file)] {
      for count in 0..<bytes.count {
        #expect(failure { () throws(FormatError) in try decode(Array(bytes[..<count])) } != nil, "\(count)")
      }
      #expect(failure { () throws(FormatError) in try decode(bytes + [1]) }?.kind == .malformed)
      for bit in 0..<bytes.count * 8 {
        var flipped = bytes
        flipped[bit / 8] ^= 1 << UInt8(bit % 8)
        guard let array = try? decode(flipped) else { continue }
        #expect(array.byteCount == array.shape.reduce(array.type.byteCount, *))
        #expect(array.geometry!.spacing.allSatisfy { $0 > 0 && $0.isFinite })
      }
    }
  }
}

@Suite struct PackedNIfTITests {
  private let file = NIfTIBytes().bytes

  @Test func `any number of gzip members, cut anywhere, make one file`() throws {
    for cut in [0, 1, 4, 347, 348, 351, 352, 360, file.count] {
      let bytes = deflated(Array(file[..<cut])) + deflated([]) + deflated(Array(file[cut...]), level: 0)
      #expect(try decode(bytes).values == decode(file).values, "\(cut)")
      #expect(try decode(bytes + [0, 0, 0]).shape == [2, 3, 4])
    }
  }

  @Test func `extensions are passed over, however they are packed`() throws {
    for length in [16, 191, 192, 200_000] {
      let offset = 352 + length
      let header = NIfTIBytes(offset: Double(offset), data: []).bytes
      let bytes = header + [UInt8](repeating: 9, count: length) + [UInt8](0..<24)
      #expect(try decode(deflated(bytes)).values == decode(bytes).values)
    }
  }

  @Test func `what is packed beside a volume is refused, and unpacked no further`() throws {
    for bytes in [file + [0], file + [UInt8](repeating: 0, count: 1 << 24)] {
      let error = try #require(failure { () throws(FormatError) in try decode(deflated(bytes)) })
      #expect(error.kind == .malformed && error.detail.contains("declares 24"), "\(error)")
    }
    for bytes in [[], Array("n+1\0".utf8), [UInt8](repeating: 0, count: 1 << 24), deflated(file)] as [[UInt8]]
    {
      let error = try #require(failure { () throws(FormatError) in try decode(deflated(bytes)) })
      #expect(error.kind == .unsupported && error.detail.contains("holds no NIfTI file"), "\(error)")
    }
    for garbage in [[1], [0, 1], Compressed.gzipMagic, deflated([1])] as [[UInt8]] {
      #expect(failure { () throws(FormatError) in try decode(deflated(file) + garbage) }?.kind == .malformed)
    }
  }

  @Test func `a bomb is refused by its header`() throws {
    let bomb = deflated(
      NIfTIBytes(dim: [3, 1000, 1000, 1000, 1, 1, 1, 1], data: [UInt8](repeating: 0, count: 1 << 24)).bytes)
    #expect(failure { () throws(FormatError) in try decode(bomb) }?.kind == .tooLarge)
    let lie = deflated(NIfTIBytes(dim: [3, 700, 800, 900, 1, 1, 1, 1]).bytes)
    let error = try #require(failure { () throws(FormatError) in try decode(lie) })
    #expect(error.kind == .malformed && error.detail.contains("24 bytes of data"), "\(error)")
  }
}
