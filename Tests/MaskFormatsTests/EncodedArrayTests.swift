import Hausdorff
import MaskFormats
import Testing

@Suite struct EncodedArrayTests {
  @Test(arguments: [
    (#"{"shape":[2,2],"dtype":"uint8","data":"AAEC/w=="}"#, [2, 2], [0.0, 1, 2, 255]),
    (#"{"data":"AAEC\/w==","dtype":"int8","shape":[4]}"#, [4], [0, 1, 2, -1]),
    (#"{"dtype":"float32","shape":[1,1,2],"data":"AAAAPwAAgD8="}"#, [1, 1, 2], [0.5, 1]),
    (#"{"dtype":"bool","shape":[3.0],"data":"AAEA"}"#, [3], [0, 1, 0]),
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
    (#"{"rle":{"size":[1,1],"counts":[1]}}"#, "/y_true/rle", "no such member"),
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
}
