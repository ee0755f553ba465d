import Hausdorff
import MaskFormats
import Testing

@Suite struct TensorRequestTests {
  private func parse(_ text: String, _ rest: [UInt8]? = nil, paddingCount: Int = 64) throws(FormatError)
    -> TensorRequest
  {
    try TensorRequest.parse(
      TestBytes(Array(text.utf8) + (rest ?? []), paddingCount: paddingCount),
      textCount: rest == nil ? nil : text.utf8.count)
  }

  private func input(_ type: String, _ data: String, shape: String = "[2]") -> String {
    #"{"inputs":[{"name":"a","shape":\#(shape),"datatype":"\#(type)","data":\#(data)}]}"#
  }

  @Test(arguments: [0, 64]) func `all of it is read, in any order`(_ paddingCount: Int) throws {
    let request = try parse(
      #"{"parameters":{"b":1,"c":"x"},"outputs":[{"name":"q","parameters":{"binary_data":true,"other":3}},{"name":"r"}],"model_name":7,"#
        + #""inputs":[{"data":[1,2],"datatype":"INT16","shape":[1,2],"name":"a"},{"parameters":{"binary_data_size":4,"x":[]},"name":"b","shape":[2],"datatype":"UINT16"}],"id":"é\n"}"#,
      [1, 0, 2, 1], paddingCount: paddingCount)
    #expect(request.id == "é\n")
    #expect(request.inputs.map(\.name) == ["a", "b"] && request.inputs.map(\.isBinary) == [false, true])
    #expect(request.inputs.map(\.array.values) == [[1, 2], [1, 258]])
    #expect(request.inputs.map(\.array.shape) == [[1, 2], [2]] && request.inputs[1].array.type == .uint16)
    #expect(
      request.outputs?.map(\.name) == ["q", "r"] && request.outputs?.map(\.isBinary) == [true, nil])
    #expect(request.parameters.map(\.name) == ["b", "c"])
    let bare = try parse(#"{"inputs":[]}"#)
    #expect(bare.id == nil && bare.inputs.isEmpty && bare.outputs == nil && bare.parameters.isEmpty)
  }

  @Test(arguments: ScalarType.allCases) func `bytes are taken where they lie, whatever their type`(
    _ type: ScalarType
  ) throws {
    for padding in 0..<8 {
      let bytes = (0..<(3 * type.byteCount)).map { UInt8($0 + 1) }
      let request = try parse(
        #"{"inputs":[{"name":"a","shape":[3],"datatype":"\#(type.tensorName)","parameters":{"binary_data_size":\#(bytes.count)}}]}"#
          + String(repeating: " ", count: padding), bytes)
      #expect(request.inputs[0].array.type == type)
      #expect(request.inputs[0].array.elements(UInt8.self) == bytes)
    }
    #expect(ScalarType(tensorName: type.tensorName) == type)
  }

  @Test func `an array is aligned where its elements are`() throws {
    let alignments = try (0..<4).map { padding in
      try parse(
        #"{"inputs":[{"name":"a","shape":[1],"datatype":"FP32","parameters":{"binary_data_size":4}}]}"#
          + String(repeating: " ", count: padding), [0, 0, 0, 0]
      ).inputs[0].array.isAligned
    }
    #expect(alignments.count { $0 } == 1)
  }

  @Test(arguments: [
    ("BOOL", "[true,false]", [1.0, 0]), ("BOOL", "[0,1]", [0, 1]), ("UINT8", "[0,255]", [0, 255]),
    ("INT8", "[-128,127]", [-128, 127]), ("UINT16", "[0,65535]", [0, 65535]),
    ("INT16", "[-32768,32767]", [-32768, 32767]), ("UINT32", "[0,4294967295]", [0, 4_294_967_295]),
    ("INT32", "[-2147483648,2.0]", [-2_147_483_648, 2]),
    ("INT64", "[-9223372036854775808,9223372036854775807]", [-0x1p63, 0x1p63]),
    ("UINT64", "[0,18446744073709551615]", [0, 0x1p64]), ("FP16", "[0.1,65504]", [0.0999755859375, 65504]),
    ("FP32", "[0.1,3.4028234e38]", [Double(Float(0.1)), Double(Float.greatestFiniteMagnitude)]),
    ("FP64", "[0.1,-1e300]", [0.1, -1e300]), ("FP32", "[1,2]", [1, 2]),
  ])
  func `numbers have the values that their type has`(_ type: String, _ data: String, _ values: [Double])
    throws
  {
    #expect(try parse(input(type, data)).inputs[0].array.values == values)
  }

  @Test func `numbers may be flat or nested`() throws {
    for data in ["[1,2,3,4,5,6]", "[[1,2,3],[4,5,6]]"] {
      let array = try parse(input("UINT8", data, shape: "[2,3]")).inputs[0].array
      #expect(array.shape == [2, 3] && array.values == [1, 2, 3, 4, 5, 6])
    }
    for data in ["[[1,2],[3,4],[5,6]]", "[[1,2,3,4,5,6]]", "[1,2,3]"] {
      let error = failure { () throws(FormatError) in try parse(input("UINT8", data, shape: "[2,3]")) }
      #expect(error?.path == "/inputs/0/data" && error?.kind == .malformed)
    }
  }

  @Test(arguments: [
    ("BOOL", "[2,0]", "[0]"), ("BOOL", "[0,-1]", "[1]"), ("UINT8", "[0,256]", "[1]"),
    ("UINT8", "[0.5,0]", "[0]"), ("INT8", "[128,0]", "[0]"), ("INT8", "[0,200]", "[1]"),
    ("UINT16", "[-1,0]", "[0]"), ("INT32", "[0,2147483648]", "[1]"), ("INT64", "[1e19,0]", "[0]"),
    ("UINT64", "[0,-1]", "[1]"), ("FP16", "[0,65520]", "[1]"), ("FP32", "[3.5e38,0]", "[0]"),
    ("FP32", "[0,-1e300]", "[1]"),
  ])
  func `values that the type lacks are refused, with their place`(
    _ type: String, _ data: String, _ index: String
  ) throws {
    let error = failure { () throws(FormatError) in try parse(input(type, data)) }
    #expect(error?.path == "/inputs/0/data" && error?.kind == .malformed)
    #expect(error?.detail.contains("index \(index), which is no \(type)") == true, "\(error?.detail ?? "")")
  }

  @Test(arguments: ["FP16", "FP32", "INT32"])
  func `a value at fault is found in a large array`(_ type: String) {
    let numbers = (0..<10_000).map { $0 == 9_999 ? "1e300" : "\($0 % 7).0" }.joined(separator: ",")
    let error = failure { () throws(FormatError) in
      try parse(input(type, "[\(numbers)]", shape: "[100,100]"))
    }
    #expect(error?.detail.contains("index [99, 99]") == true, "\(error?.detail ?? "")")
  }
}
