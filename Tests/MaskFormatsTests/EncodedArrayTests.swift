import Hausdorff
import MaskFormats
import TestSupport
import Testing

@Suite struct EncodedArrayTests {
  @Test(arguments: [
    (#"{"shape":[2,2],"dtype":"uint8","data":"AAEC/w=="}"#, [2, 2], [0.0, 1, 2, 255]),
    (#"{"data":"AAEC\/w==","dtype":"int8","shape":[4]}"#, [4], [0, 1, 2, -1]),
    (#"{"dtype":"float32","shape":[1,1,2],"data":"AAAAPwAAgD8="}"#, [1, 1, 2], [0.5, 1]),
    (#"{"dtype":"bool","shape":[3.0],"data":"AAEA"}"#, [3], [0, 1, 0]),
    (#"{"dtype":"bit","shape":[2,3],"data":"BQM="}"#, [2, 3], [1, 0, 1, 1, 1, 0]),
  ])
  func `shape, dtype and data make an array`(_ json: String, _ shape: [Int], _ values: [Double]) throws {
    let array = try parseArray(json)
    #expect(array.shape == shape)
    #expect(array.values == values)
  }

  @Test(arguments: ["grey8.png", "c_u1.npy"])
  func `a file in base64 is told by its magic numbers`(_ name: String) throws {
    let json = #"{"file":"\#(base64(try fixture(name)))"}"#
    let array = try parseArray(json)
    #expect(array.shape == [5, 13])
    #expect(array.type == .uint8)
    #expect(array.geometry == nil)
  }

  @Test(arguments: [false, true], [false, true])
  func `a NIfTI file in base64 brings its geometry`(_ isLong: Bool, _ isPacked: Bool) throws {
    let file = NIfTIBytes(isLong: isLong, isBigEndian: isPacked, pixdim: [1, 0.5, 2, 3, 0, 0, 0, 0]).bytes
    let array = try parseArray(#"{"file":"\#(base64(isPacked ? deflated(file) : file))"}"#)
    #expect(array.shape == [2, 3, 4] && array.geometry?.spacing == [0.5, 2, 3])
  }

  @Test(arguments: [
    (#"{}"#, "/y_true", "'shape' is missing"),
    (#"{"shape":[1],"data":"AA=="}"#, "/y_true", "'dtype' is missing"),
    (#"{"shape":[1],"dtype":"uint8"}"#, "/y_true", "'data' is missing"),
    (#"{"shape":[2],"dtype":"uint8","data":"AA=="}"#, "/y_true", "1 bytes"),
    (#"{"shape":[1],"dtype":"uint8","data":"AAA="}"#, "/y_true", "2 bytes"),
    (#"{"shape":[],"dtype":"uint8","data":"AA=="}"#, "/y_true", "rank 0"),
    (#"{"shape":[0],"dtype":"uint8","data":""}"#, "/y_true/shape/0", "positive"),
    (#"{"shape":[1,-1],"dtype":"uint8","data":"AA=="}"#, "/y_true/shape/1", "positive"),
    (#"{"shape":[1.5],"dtype":"uint8","data":"AA=="}"#, "/y_true/shape/0", "positive"),
    (#"{"shape":[1e300],"dtype":"uint8","data":"AA=="}"#, "/y_true/shape/0", "positive"),
    (#"{"shape":[4294967296,4294967296],"dtype":"uint8","data":"AA=="}"#, "/y_true", "limit"),
    (#"{"shape":[1,1,1,1,1,1],"dtype":"uint8","data":"AA=="}"#, "/y_true/shape", "5 axes"),
    (#"{"shape":"1","dtype":"uint8","data":"AA=="}"#, "/y_true/shape", "a string"),
    (#"{"shape":[1],"dtype":"complex64","data":"AA=="}"#, "/y_true/dtype", "complex64"),
    (#"{"shape":[9],"dtype":"bit","data":"AA=="}"#, "/y_true", "make 2"),
    (#"{"shape":[2,3],"dtype":"bit","data":"BQg="}"#, "/y_true", "byte 1"),
    (#"{"shape":[1],"dtype":8,"data":"AA=="}"#, "/y_true/dtype", "'8'"),
    (#"{"shape":[1],"dtype":"uint8","data":"A"}"#, "/y_true/data", "multiple of 4"),
    (#"{"shape":[1],"dtype":"uint8","data":"AA== "}"#, "/y_true/data", "multiple of 4"),
    (#"{"shape":[1],"dtype":"uint8","data":"A A="}"#, "/y_true/data", "position 1"),
    (#"{"shape":[1],"dtype":"uint8","data":"AAAA=AAA"}"#, "/y_true/data", "position 4"),
    (#"{"shape":[1],"dtype":"uint8","data":"===="}"#, "/y_true/data", "position"),
    (#"{"shape":[1],"dtype":"uint8","data":"A==="}"#, "/y_true/data", "position"),
    (#"{"shape":[1],"dtype":"uint8","data":"AB=="}"#, "/y_true/data", "not zero"),
    (#"{"shape":[2],"dtype":"uint8","data":"AAB="}"#, "/y_true/data", "not zero"),
    (#"{"shape":[1],"dtype":"uint8","data":"A-_A"}"#, "/y_true/data", "position 1"),
    (#"{"shape":[1],"dtype":"uint8","data":"A\u0041=="}"#, "", ""),
    (#"{"shape":[1],"dtype":"uint8","data":"A\ud800="}"#, "/y_true/data", "escape"),
    (#"{"shape":[1],"shape":[1]}"#, "/y_true/shape", "twice"),
    (#"{"runs":{"size":[1,1],"counts":[1]}}"#, "/y_true/runs", "no such member"),
    (#"{"file":"AAAA"}"#, "/y_true/file", "neither npy, PNG nor NIfTI"),
    (#"{"file":""}"#, "/y_true/file", "neither npy, PNG nor NIfTI"),
    (#"{"file":3}"#, "/y_true/file", "'3'"),
  ])
  func `an encoded array that breaks the rules is refused at its member`(
    _ json: String, _ path: String, _ detail: String
  ) throws {
    let error = failure { () throws(FormatError) in
      try JSONRequest.parse(TestBytes(#"{"y_true":\#(json)}"#), arrayNames: ["y_true"])
    }
    // An empty path marks a line that is valid after all.
    #expect((error?.path ?? "") == path)
    #expect(error?.detail.contains(detail) ?? true, "\(error?.detail ?? "")")
  }

  @Test func `a file beside data is refused`() throws {
    let file = base64(try fixture("grey8.png"))
    #expect(throws: FormatError.self) { try parseArray(#"{"file":"\#(file)","shape":[1]}"#) }
  }

  @Test func `base64 of every length and every byte comes back`() throws {
    for count in 1...260 {
      let bytes = (0..<count).map { UInt8(truncatingIfNeeded: $0 * 7 + count) }
      let array = try parseArray(#"{"dtype":"uint8","shape":[\#(count)],"data":"\#(base64(bytes))"}"#)
      #expect(array.elements(UInt8.self) == bytes)
    }
  }

  @Test func `base64 over the limit is refused before it is decoded`() throws {
    let json = #"{"y_true":{"dtype":"uint8","shape":[3],"data":"AAAA"}}"#
    let error = failure { () throws(FormatError) in
      try JSONRequest.parse(TestBytes(json), arrayNames: ["y_true"], limits: FormatLimits(maximumBytes: 2))
    }
    #expect(error?.kind == .tooLarge)
  }
}

@Suite struct RawTests {
  @Test func `raw bytes are lent from where they are, at any offset`() throws {
    let source = TestBytes([9, 1, 2, 3, 4, 9])
    let array = try Raw.array(source, range: 1..<5, shape: [2, 1], type: .uint16)
    #expect(array.elements(UInt16.self) == [0x0201, 0x0403])
    #expect(array.byteCount == 4)
  }

  @Test(arguments: [
    [], [0], [3, -1], [2, 2], [Int.max, 2], [4_294_967_296, 4_294_967_296], [1, 1, 1, 1, 1, 3],
  ])
  func `a shape that does not fit the bytes is refused`(_ shape: [Int]) {
    #expect(throws: FormatError.self) { try Raw.array(TestBytes([1, 2, 3]), shape: shape, type: .uint8) }
  }

  @Test func `bits become booleans, row by row, the least significant first`() throws {
    let array = try Raw.array(
      TestBytes([9, 0b110, 0x81, 0b1, 0xFE, 0b10]), range: 2..<6, shape: [1, 2, 10], type: .bit)
    #expect(array.shape == [1, 2, 10] && array.type == .bool)
    let rows: [[Double]] = [[1, 0, 0, 0, 0, 0, 0, 1, 1, 0], [0, 1, 1, 1, 1, 1, 1, 1, 0, 1]]
    #expect(array.values == rows[0] + rows[1])
  }

  @Test(arguments: 1...70) func `rows of bits of every width come back`(_ width: Int) throws {
    let bits = (0..<5 * width).map { UInt8($0 * $0 % 7 % 2) }
    var bytes: [UInt8] = []
    for row in 0..<5 {
      var packed = [UInt8](repeating: 0, count: (width + 7) / 8)
      for column in 0..<width { packed[column / 8] |= bits[row * width + column] << UInt8(column % 8) }
      bytes += packed
    }
    #expect(RawType.bit.byteCount(shape: [5, width]) == bytes.count)
    let source = TestBytes(bytes, paddingCount: 0)
    #expect(try Raw.array(source, shape: [5, width], type: .bit).elements(UInt8.self) == bits)
    for wrong in [[5, width + 8], [4, width], [5 * width, 1]] where wrong != [5, width] {
      let isAsLong = RawType.bit.byteCount(shape: wrong) == bytes.count
      #expect(
        isAsLong
          || failure { () throws(FormatError) in try Raw.array(source, shape: wrong, type: .bit) } != nil)
    }
  }

  @Test func `bits behind the end of a row are refused`() throws {
    for bit in 0..<8 {
      let source = TestBytes([1, 1 << UInt8(bit)])
      let error = failure { () throws(FormatError) in try Raw.array(source, shape: [2, 5], type: .bit) }
      #expect((error?.kind == .malformed) == (bit >= 5), "\(bit)")
      #expect(error?.detail.contains("byte 1") ?? true)
    }
  }

  @Test func `the limit counts a byte a bit`() throws {
    let source = TestBytes([1, 1])
    let limits = FormatLimits(maximumBytes: 9)
    #expect(try Raw.array(source, shape: [9], type: .bit, limits: limits).byteCount == 9)
    let error = failure { () throws(FormatError) in
      try Raw.array(source, shape: [10], type: .bit, limits: limits)
    }
    #expect(error?.kind == .tooLarge)
  }

  @Test func `every type has a name that leads back to it`() {
    #expect(RawType.allCases.count == ScalarType.allCases.count + 1)
    for type in RawType.allCases { #expect(RawType(rawValue: type.rawValue) == type) }
    #expect(RawType(rawValue: "bits") == nil)
  }
}
