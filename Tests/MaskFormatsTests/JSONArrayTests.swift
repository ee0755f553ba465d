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

extension JSONArrayTests {
  @Test(arguments: [
    ("[[1,2],[3]]", "/y_true/1", "length 1"),
    ("[[1,2],[3,4,5]]", "/y_true/1", "length 3"),
    ("[[[1],[2]],[[3],[4],[5]]]", "/y_true/1", "length 3"),
    ("[[[1,2],[3,4]],[[5,6],[7]]]", "/y_true/1/1", "length 1"),
    ("[[1,2],3]", "/y_true/1", "equally deep"),
    ("[[1,2],[3,[4]]]", "/y_true/1/1", "an array"),
    ("[1,[2]]", "/y_true/1", "an array"),
    ("[[1],[[2]]]", "/y_true/1/0", "equally deep"),
    ("[[[1]],[2]]", "/y_true/1/0", "equally deep"),
    (#"[[1,2],[3,"4"]]"#, "/y_true/1/1", "a string"),
    ("[[1,2],[3,null]]", "/y_true/1/1", "'null'"),
    ("[[1,2],[3,{}]]", "/y_true/1/1", "an object"),
    ("[1,2,]", "/y_true/2", "']'"),
    ("[,1]", "/y_true/0", "','"),
    ("[1,,2]", "/y_true/1", "','"),
    ("[1 2]", "/y_true/1", "',' or ']' at byte 13, found '2'"),
    ("[[1][2]]", "/y_true/1", "an array"),
    ("[1:2]", "/y_true/1", "':'"),
    ("[1}", "/y_true/1", "'}'"),
    ("[]", "/y_true", "empty"),
    ("[[],[]]", "/y_true/0", "empty"),
    ("[[1],[]]", "/y_true/1", "empty"),
    ("[[[[[[1]]]]]]", "/y_true/0/0/0/0/0", "deeper than 5"),
    ("[01]", "/y_true/0", "'01'"),
    ("[00]", "/y_true/0", "'00'"),
    ("[-01]", "/y_true/0", "'-01'"),
    ("[1.]", "/y_true/0", "'1.'"),
    ("[0.5,.5]", "/y_true/1", "'.5'"),
    ("[+1]", "/y_true/0", "'+1'"),
    ("[-]", "/y_true/0", "'-'"),
    ("[1e]", "/y_true/0", "'1e'"),
    ("[1e+]", "/y_true/0", "'1e+'"),
    ("[1.e3]", "/y_true/0", "'1.e3'"),
    ("[1.5.5]", "/y_true/0", "'1.5.5'"),
    ("[0x10]", "/y_true/0", "'0x10'"),
    ("[1-2]", "/y_true/0", "'1-2'"),
    ("[0.1a]", "/y_true/0", "'0.1a'"),
    ("[0.12345678901234567890x]", "/y_true/0", "0.1234567890"),
    ("[1\u{0}]", "/y_true/0", #"'1\x0'"#),
    ("[truex]", "/y_true/0", "'truex'"),
    ("[tru]", "/y_true/0", "'tru'"),
    ("[True]", "/y_true/0", "'True'"),
    ("[NaN]", "/y_true/0", "'NaN'"),
    ("[0.5,NaN]", "/y_true/1", "'NaN'"),
    ("[Infinity]", "/y_true/0", "'Infinity'"),
    ("[0.5,-Infinity]", "/y_true/1", "'-Infinity'"),
    ("[1e400]", "/y_true/0", "float64"),
    ("3", "/y_true", "'3'"),
    ("null", "/y_true", "'null'"),
    (#""abc""#, "/y_true", "a string"),
  ])
  func `an array that breaks the rules is refused at its place`(
    _ json: String, _ path: String, _ detail: String
  ) throws {
    let error = try #require(
      failure { () throws(FormatError) in
        try JSONRequest.parse(TestBytes(#"{"y_true":\#(json)}"#), arrayNames: ["y_true"])
      })
    #expect(error.path == path)
    #expect(error.detail.contains(detail), "\(error.detail)")
    #expect(error.kind == (json == "[[[[[[1]]]]]]" ? .tooLarge : .malformed))
  }

  @Test(arguments: [0, 1, 2, 3, 4])
  func `every way to write a number gives the nearest double`(_ form: Int) throws {
    var generator = SystemRandomNumberGenerator()
    let words: [String] = (0..<4000).map { _ in
      let value = Double.random(in: 0..<1, using: &generator)
      switch form {
      case 0:
        return
          "\(Int.random(in: 0...9)).\(String(generator.next() % 1_000_000_000_000_000_000).prefix(.random(in: 1...18)))"
      case 1: return "\(-value * 1e4)"
      case 2: return "\(Double(bitPattern: generator.next() & ~(1 << 62) & ~(1 << 63)))"
      case 3: return String(generator.next() >> UInt64.random(in: 0..<64))
      default: return "\(Float(value))"
      }
    }
    for separator in [",", ", ", " ,\n"] {
      let array = try parseArray("[" + words.joined(separator: separator) + "]")
      let expected = words.map { Double($0)! }
      let different = zip(words, zip(array.values, expected)).filter { $1.0.bitPattern != $1.1.bitPattern }
      #expect(different.isEmpty)
    }
  }

  @Test(arguments: [",", ", ", " , "], [0, 1, 3, 10, 300])
  func `masks come back whatever their width and spacing, across windows of the text`(
    _ separator: String, _ maximum: Int
  ) throws {
    for width in [1, 2, 3, 4, 7, 8, 9, 31, 997] {
      let height = 60_000 / width / (separator.count + 1) + 3
      let rows = (0..<height).map { _ in (0..<width).map { _ in Int.random(in: 0...maximum) } }
      let json = rows.map { "[" + $0.map(String.init).joined(separator: separator) + "]" }.joined(
        separator: separator)
      let array = try parseArray("[\(json)]")
      #expect(array.shape == [height, width])
      #expect(array.values == rows.flatMap { $0.map(Double.init) })
    }
  }

  @Test func `bytes become doubles at the first number that needs it, wherever it stands`() throws {
    for place in [0, 1, 2, 3, 4, 5, 39_998, 39_999] {
      var words = [String](repeating: "1", count: 40_000)
      words[place] = "0.5"
      let array = try parseArray("[" + words.joined(separator: ",") + "]")
      #expect(array.type == .float64)
      #expect(array.values.enumerated().allSatisfy { $1 == ($0 == place ? 0.5 : 1) })
    }
  }

  @Test(arguments: ["1,", "0.5,"])
  func `an array over the limit of bytes is refused`(_ element: String) throws {
    let count = 400_000
    let json = "[" + String(repeating: element, count: count).dropLast() + "]"
    let size = element == "1," ? count : count * 8
    #expect(try parseArray(json, limits: FormatLimits(maximumBytes: size)).byteCount == size)
    for limit in [size - 1, size / 2, 1000, 1] {
      let error = failure { () throws(FormatError) in
        try JSONRequest.parse(
          TestBytes(#"{"y_true":\#(json)}"#), arrayNames: ["y_true"],
          limits: FormatLimits(maximumBytes: limit))
      }
      #expect(error?.kind == .tooLarge)
      #expect(error?.path?.hasPrefix("/y_true") == true)
    }
  }

  @Test(arguments: ["[", "[[1],", #"{"a":"#, "[ "])
  func `a hundred thousand levels are refused without being followed`(_ level: String) {
    let deep = String(repeating: level, count: 100_000)
    for text in [deep, #"{"y_true":\#(deep)"#, #"{"option":\#(deep)"#] {
      let error = failure { () throws(FormatError) in
        try JSONRequest.parse(TestBytes(text), arrayNames: ["y_true"])
      }
      #expect(error != nil)
    }
  }
}
