import Hausdorff
import MaskFormats
import TestSupport
import Testing

@Suite struct PNGTests {
  @Test(arguments: [
    "grey8", "rgb_grey", "rgba_grey", "grey_alpha", "palette8", "palette_transparent", "interlaced8",
  ])
  func `samples of 8 bits, and palette indices, come unchanged`(_ name: String) throws {
    let array = try PNG.decode(TestBytes(try fixture("\(name).png")))
    #expect(array.shape == [5, 13])
    #expect(array.type == .uint8)
    #expect(array.values == ramp(65).map(Double.init))
  }

  @Test(arguments: [
    ("palette1", 1), ("palette2", 2), ("palette4", 4), ("grey2", 2), ("grey4", 4), ("interlaced1", 1),
  ])
  func `samples of fewer bits come unscaled`(_ name: String, _ bits: Int) throws {
    let array = try PNG.decode(TestBytes(try fixture("\(name).png")))
    #expect(array.type == .uint8)
    #expect(array.values == ramp(65).map { Double($0 & (1 << bits - 1)) })
  }

  @Test func `a bilevel image is 0 and 1`() throws {
    #expect(try PNG.decode(TestBytes(try fixture("grey1.png"))).values == ramp(65).map { $0 > 125 ? 1 : 0 })
  }

  @Test(arguments: ["grey16", "interlaced16", "rgb16"])
  func `samples of 16 bits come in native byte order`(_ name: String) throws {
    let array = try PNG.decode(TestBytes(try fixture("\(name).png")))
    #expect(array.type == .uint16)
    #expect(array.values == ramp(65).map { Double($0 * 256 + 1) })
  }

  @Test(arguments: [
    ("coloured", "row 3, column 4", FormatError.Kind.unsupported),
    ("translucent", "row 2, column 5", .unsupported),
    ("colour_key", "transparent", .unsupported), ("huge", "limit", .tooLarge),
    ("ends_early", "not a valid PNG", .malformed), ("lying_size", "cannot hold", .malformed),
  ])
  func `images without a meaning as a mask, and lies, are refused`(
    _ name: String, _ detail: String, _ kind: FormatError.Kind
  ) throws {
    let bytes = try fixture("refused_\(name).png")
    let error = try #require(failure { () throws(FormatError) in try PNG.decode(TestBytes(bytes)) })
    #expect(error.detail.contains(detail), "\(error.detail)")
    #expect(error.kind == kind)
  }

  @Test(arguments: ["rgb_grey", "rgba_grey", "rgb16", "rgba16", "refused_coloured"])
  func `as images, files of colours have three channels, even grey ones`(_ name: String) throws {
    let array = try PNG.decodeImage(TestBytes(try fixture("\(name).png")))
    #expect(array.shape == [5, 13, 3])
    let isDeep = name.hasSuffix("16")
    #expect(array.type == (isDeep ? .uint16 : .uint8))
    var expected = ramp(65).flatMap { [Double](repeating: Double(isDeep ? $0 * 256 + 1 : $0), count: 3) }
    if name == "refused_coloured" { expected[3 * 43 + 1] = Double(ramp(65)[43] ^ 1) }
    #expect(array.values == expected)
  }

  @Test(arguments: [("palette1", 1), ("palette2", 2), ("palette4", 4), ("palette8", 8)])
  func `as images, files with a palette have its colours`(_ name: String, _ bits: Int) throws {
    let array = try PNG.decodeImage(TestBytes(try fixture("\(name).png")))
    #expect(array.shape == [5, 13, 3] && array.type == .uint8)
    let indices = ramp(65).map { $0 & (1 << bits - 1) }
    #expect(array.values == indices.flatMap { [Double($0 * 37 % 256), Double(255 - $0), 7] })
  }

  @Test(arguments: ["grey1", "grey2", "grey8", "grey16", "grey_alpha", "interlaced16"])
  func `as images, grey files are what they are as masks`(_ name: String) throws {
    let bytes = TestBytes(try fixture("\(name).png"))
    let (image, mask) = (try PNG.decodeImage(bytes), try PNG.decode(bytes))
    #expect(image.shape == [5, 13] && image.type == mask.type && image.values == mask.values)
    #expect(try ArrayFile.decodeImage(bytes).values == mask.values)
  }

  @Test(arguments: [
    ("translucent", "row 2, column 5 is not opaque"), ("rgba_translucent", "row 2, column 5 is not opaque"),
    ("colour_key", "transparent"), ("no_index", "palette has no index 2"),
  ])
  func `as images too, transparency and indices without a colour are refused`(_ name: String, _ words: String)
    throws
  {
    let bytes = try fixture("refused_\(name).png")
    let error = try #require(failure { () throws(FormatError) in try PNG.decodeImage(TestBytes(bytes)) })
    #expect(error.detail.contains(words), "\(error.detail)")
    let clear = TestBytes(try fixture("palette_transparent.png"))
    #expect(failure { () throws(FormatError) in try PNG.decodeImage(clear) }?.kind == .unsupported)
  }

  @Test func `an image's limit counts its three channels`() throws {
    let source = TestBytes(try fixture("palette8.png"))
    #expect(throws: Never.self) { try PNG.decodeImage(source, limits: FormatLimits(maximumBytes: 65 * 3)) }
    #expect(throws: FormatError.self) {
      try PNG.decodeImage(source, limits: FormatLimits(maximumBytes: 65 * 3 - 1))
    }
  }

  @Test func `the limit counts the decoded bytes`() throws {
    let source = TestBytes(try fixture("rgba_grey.png"))
    #expect(throws: Never.self) { try PNG.decode(source, limits: FormatLimits(maximumBytes: 65 * 4)) }
    #expect(throws: FormatError.self) {
      try PNG.decode(source, limits: FormatLimits(maximumBytes: 65 * 4 - 1))
    }
  }

  @Test func `bytes behind the end of the image do not matter`() throws {
    #expect(try PNG.decode(TestBytes(try fixture("grey8.png") + [1, 2, 3])).shape == [5, 13])
  }

  @Test(arguments: ["grey8.png", "palette4.png", "interlaced16.png", "rgb_grey.png", "rgba16.png"])
  func `a file cut short anywhere is refused, and one with a bit flipped never crashes`(_ name: String) throws
  {
    let bytes = try fixture(name)
    for count in 0..<bytes.count {
      #expect(throws: FormatError.self, "\(count) of \(bytes.count)") {
        try PNG.decode(TestBytes(bytes[..<count], paddingCount: 0))
      }
      #expect(throws: FormatError.self, "\(count) of \(bytes.count)") {
        try PNG.decodeImage(TestBytes(bytes[..<count], paddingCount: 0))
      }
    }
    for bit in 0..<bytes.count * 8 {
      var flipped = bytes
      flipped[bit / 8] ^= 1 << UInt8(bit % 8)
      for array in [
        try? PNG.decode(TestBytes(flipped, paddingCount: 0)),
        try? PNG.decodeImage(TestBytes(flipped, paddingCount: 0)),
      ] {
        guard let array else { continue }
        #expect(array.byteCount == array.shape.reduce(array.type.byteCount, *))
      }
    }
  }
}

@Suite struct ArrayFileTests {
  @Test func `formats are told by their first bytes`() throws {
    #expect(try ArrayFile.decode(TestBytes(try fixture("grey16.png"))).type == .uint16)
    #expect(try ArrayFile.decode(TestBytes(try fixture("c_b1.npy"))).type == .bool)
    #expect(try ArrayFile.decode(TestBytes(NIfTIBytes().bytes)).shape == [2, 3, 4])
    #expect(try ArrayFile.decode(TestBytes(deflated(NIfTIBytes(isLong: true).bytes))).shape == [2, 3, 4])
    for bytes in [[], [0x89], Array("GIF89a..".utf8), [0x1F], [0x5C, 1, 0]] as [[UInt8]] {
      #expect(
        failure { () throws(FormatError) in try ArrayFile.decode(TestBytes(bytes)) }?.kind == .unsupported)
    }
  }

  @Test(arguments: [
    ([2, 5, 1], [2, 5]), ([1, 2, 5], [2, 5]), ([2, 1, 5], [2, 5]), ([1, 5, 1], [1, 5]), ([1, 1, 1], [1, 1]),
    ([2, 3, 4], [2, 3, 4]), ([2, 5], [2, 5]), ([1, 5], [1, 5]),
  ])
  func `as an image, a volume of one slice is that slice`(_ shape: [Int], _ slice: [Int]) throws {
    let count = shape.reduce(1, *)
    let file = NIfTIBytes(
      dim: [shape.count] + shape + Array(repeating: 1, count: 7 - shape.count),
      pixdim: [1] + shape.map { Double($0) } + Array(repeating: 1, count: 7 - shape.count),
      data: [UInt8](0..<UInt8(count)))
    let mask = try ArrayFile.decode(TestBytes(file.bytes))
    let image = try ArrayFile.decodeImage(TestBytes(file.bytes))
    #expect(mask.shape == shape && image.shape == slice && image.values == mask.values)
    #expect(
      image.geometry?.spacing == slice.map(Double.init) && image.geometry?.affine == mask.geometry?.affine)
  }

  @Test(arguments: [
    ("a.png", "a"), ("a.b.npy", "a.b"), ("a.nii", "a"), ("a.nii.gz", "a"), ("A.NII.GZ", "A"),
    ("a.nii.nii.gz", "a.nii"),
    ("a.gz", nil), (".nii.gz", nil), (".nii", nil), ("nii.gz", nil), ("a.nii.bz2", nil), ("", nil),
  ])
  func `a name without its extension is the stem`(_ name: String, _ stem: String?) {
    #expect(ArrayFile.stem(of: name) == stem)
  }
}
