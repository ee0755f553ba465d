import Hausdorff
import MaskFormats
import Testing

/// The array `y_true` of a request whose text for it is `json`.
func parseArray(_ json: String, limits: FormatLimits = FormatLimits()) throws -> NumericArray {
  let source = TestBytes(#"{"y_true":\#(json)}"#)
  return try #require(try JSONRequest.parse(source, arrayNames: ["y_true"], limits: limits).arrays["y_true"])
}

@Suite struct JSONArrayTests {
  @Test(arguments: [
    ("[0]", [1], ScalarType.uint8, [0.0]),
    ("[[0,1],[1,255]]", [2, 2], .uint8, [0, 1, 1, 255]),
    ("[ [ 0 , 1 ] ,\n[ 1\t, 25 ] ]", [2, 2], .uint8, [0, 1, 1, 25]),
    ("[true,false,true]", [3], .uint8, [1, 0, 1]),
    ("[true,0.5,false, 3]", [4], .float64, [1, 0.5, 0, 3]),
    ("[256,1]", [2], .float64, [256, 1]),
    ("[-1,1]", [2], .float64, [-1, 1]),
    ("[-0]", [1], .float64, [-0.0]),
    ("[1e2,1E+2,1.5e-3,0.1e1]", [4], .float64, [100, 100, 0.0015, 1]),
    ("[[[[[1]]]]]", [1, 1, 1, 1, 1], .uint8, [1]),
    ("[[[1,2,3]],[[4,5,6]]]", [2, 1, 3], .uint8, [1, 2, 3, 4, 5, 6]),
    ("[0,1,0,1,1,0,0,1,9,0]", [10], .uint8, [0, 1, 0, 1, 1, 0, 0, 1, 9, 0]),
    (
      "[9007199254740993,18446744073709551616,123456789012345678901234567890]", [3], .float64,
      [9_007_199_254_740_992, 18_446_744_073_709_551_616, 123_456_789_012_345_677_877_719_597_056]
    ),
    (
      "[0.12345678901234567,1.7976931348623157e308,5e-324,0.000]", [4], .float64,
      [0.12345678901234567, 1.7976931348623157e308, .leastNonzeroMagnitude, 0]
    ),
  ])
  func `nested numbers become a dense array`(
    _ json: String, _ shape: [Int], _ type: ScalarType, _ values: [Double]
  ) throws {
    let array = try parseArray(json)
    #expect(array.shape == shape)
    #expect(array.type == type)
    #expect(array.values.map(\.bitPattern) == values.map(\.bitPattern))
  }
}
