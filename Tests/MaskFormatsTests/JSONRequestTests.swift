import Hausdorff
import MaskFormats
import Testing

private func parse(_ text: String, paddingCount: Int = 64) throws(FormatError) -> JSONRequest {
  try JSONRequest.parse(TestBytes(text, paddingCount: paddingCount), arrayNames: ["y_true", "y_pred"])
}

@Suite struct JSONRequestTests {
  @Test(arguments: [0, 63, 64, 1000])
  func `arrays and options are told apart by name, in any order, with any padding`(_ paddingCount: Int) throws
  {
    let request = try parse(
      #" {"metrics":["hausdorff", "dice"],"y_pred":[[1]],"threshold":0.25,"y_true":[[0]],"empty":null,"deep":{"a":{"b":[true,false]}}} "#,
      paddingCount: paddingCount)
    #expect(request.arrays.mapValues(\.values) == ["y_true": [0], "y_pred": [1]])
    #expect(
      request.options == [
        JSONMember(name: "metrics", value: .array([.string("hausdorff"), .string("dice")])),
        JSONMember(name: "threshold", value: .number(0.25)),
        JSONMember(name: "empty", value: .null),
        JSONMember(
          name: "deep",
          value: .object([
            JSONMember(
              name: "a", value: .object([JSONMember(name: "b", value: .array([.bool(true), .bool(false)]))]))
          ])),
      ])
  }

  @Test func `an object without members, and arrays that are not there, are fine`() throws {
    #expect(try parse("{}").arrays.isEmpty)
    #expect(try parse(#"{"y_true":[1]}"#).arrays.keys.sorted() == ["y_true"])
  }

  @Test func `names and strings are compared without their escapes`() throws {
    let request = try parse(
      #"{"y\u005ftrue":[1],"\u0041\"\\\/\b\f\n\r\t\u00e9\u20AC\ud83d\ude00é":"\ud83d\uDE00"}"#)
    #expect(request.arrays["y_true"]?.values == [1])
    #expect(request.options == [JSONMember(name: "A\"\\/\u{8}\u{c}\n\r\té€😀é", value: .string("😀"))])
  }

  @Test(arguments: [
    ("", nil, "the end of the text"),
    ("  \n", nil, "the end of the text"),
    ("[1]", nil, "an array"),
    ("3", nil, "'3'"),
    ("\"y_true\"", nil, "a string"),
    ("null", nil, "'null'"),
    ("\u{FEFF}{}", nil, "byte order mark"),
    ("{}x", nil, "'x'"),
    ("{} {}", nil, "an object"),
    ("{}]", nil, "']'"),
    ("{", nil, "the end of the text"),
    ("{]", nil, "']'"),
    ("{1:2}", nil, "'1'"),
    ("{,}", nil, "','"),
    (#"{"a"}"#, "/a", "'}'"),
    (#"{"a":}"#, "/a", "'}'"),
    (#"{"a":1,}"#, nil, "'}'"),
    (#"{"a":1 "b":2}"#, nil, "a string"),
    (#"{"a":1"b":2}"#, "/a", #"'1'"#),
    (#"{"a":tru}"#, "/a", "'tru'"),
    (#"{"a":nulll}"#, "/a", "'nulll'"),
    (#"{"a":[1,01]}"#, "/a/1", "'01'"),
    (#"{"a":[1}"#, "/a", "'}'"),
    (#"{"a":{"b/c~d":[0,x]}}"#, "/a/b~1c~0d/1", "'x'"),
    (#"{"a":1,"a":2}"#, "/a", "twice"),
    (#"{"a":1,"\u0061":2}"#, "/a", "twice"),
    (#"{"y_true":[1],"y_true":[1]}"#, "/y_true", "twice"),
    (#"{"a":{"b":1,"b":1}}"#, "/a/b", "twice"),
    (#"{"a":"x}"#, nil, "not closed"),
    (#"{"a":"\x"}"#, "/a", "escape"),
    (#"{"a":"\u12"}"#, "/a", "escape"),
    (#"{"a":"\u12g4"}"#, "/a", "escape"),
    (#"{"a":"\ud800"}"#, "/a", "escape"),
    (#"{"a":"\ud800x"}"#, "/a", "escape"),
    (#"{"a":"\udc00"}"#, "/a", "escape"),
    (#"{"a":"\ud800\ue000"}"#, "/a", "escape"),
    (#"{"a":"\ud800\ud800"}"#, "/a", "escape"),
    (#"{"\ud800":1}"#, nil, "escape"),
    ("{\"a\":\"\u{1}\"}", nil, "control character"),
    ("{\"a\":\"\n\"}", nil, "control character"),
    (#"{"a":'b'}"#, "/a", "'"),
    (#"{"a":1} // no comments"#, nil, "'//'"),
    (#"{"y_true":[[1,0],[1"#, "/y_true/1/1", "at byte 19, found the end of the text"),
    (#"{"y_true":[[1,0],[1,"#, "/y_true/1/1", "at byte 20, found the end of the text"),
    (#"{"y_true":[[1,0]"#, "/y_true/1", "at byte 16, found the end of the text"),
    (#"{"a":[1,"#, "/a/1", "at byte 8, found the end of the text"),
  ])
  func `a text that is not one valid object is refused`(_ text: String, _ path: String?, _ detail: String)
    throws
  {
    let error = try #require(failure { () throws(FormatError) in try parse(text) })
    #expect(error.path == path)
    #expect(error.detail.contains(detail), "\(error.detail)")
    #expect(error.kind == .malformed)
  }

  @Test(
    arguments: [
      [0xFF], [0xC0, 0x80], [0xED, 0xA0, 0x80], [0xF4, 0x90, 0x80, 0x80], [0xE2, 0x82], [0x80],
    ] as [[UInt8]])
  func `bytes that are not UTF-8 are refused, in strings and outside`(_ bytes: [UInt8]) throws {
    for (before, after) in [(#"{"a":""#, #""}"#), (#"{"a"#, #"":1}"#), ("{}", ""), (#"{"y_true":[1"#, "]}")] {
      let source = TestBytes(Array(before.utf8) + bytes + Array(after.utf8))
      #expect(
        failure { () throws(FormatError) in try JSONRequest.parse(source, arrayNames: ["y_true"]) } != nil)
    }
  }

  @Test func `options are bounded in number, depth and length`() throws {
    let limits = FormatLimits()
    let many = "[" + String(repeating: "0,", count: limits.maximumOptionValues - 2) + "0]"
    #expect(throws: Never.self) { try parse(#"{"a":\#(many)}"#) }
    let nested = String(repeating: "[", count: 8) + String(repeating: "]", count: 8)
    #expect(throws: Never.self) { try parse(#"{"a":\#(nested)}"#) }
    for text in [
      #"{"a":\#(many),"b":1}"#, #"{"a":[\#(nested)]}"#, #"{"\#(String(repeating: "n", count: 300))":1}"#,
      #"{"a":"\#(String(repeating: "n", count: 70_000))"}"#,
    ] {
      #expect(failure { () throws(FormatError) in try parse(text) }?.kind == .tooLarge)
    }
  }

  @Test func `a window of the text may end inside a long string, or inside white space`() throws {
    for length in [65_530, 65_536, 65_540, 200_000] {
      let data = String(repeating: "AAAA", count: length / 4)
      let request = try parse(
        #"{"y_true":{"dtype":"uint8","data":"\#(data)","shape":[\#(length / 4 * 3)]},"y_pred":[1],"a":"},{"}"#
      )
      #expect(request.arrays["y_true"]?.byteCount == length / 4 * 3)
      #expect(request.arrays["y_pred"]?.values == [1])
      let spaces = String(repeating: " ", count: length)
      #expect(
        try parse(#"{"y_pred":[\#(spaces)1,\#(spaces)0]\#(spaces)}\#(spaces)"#).arrays["y_pred"]?.values == [
          1, 0,
        ])
      #expect(
        failure { () throws(FormatError) in try parse(#"{"a":"\#(data)\"}"#) }?.detail.contains("closed")
          == true)
    }
  }

  @Test func `numbers and strings longer than a window are read in linear time`() throws {
    let long = "0." + String(repeating: "1", count: 3000)
    let numbers = Array(repeating: long, count: 3000).joined(separator: ",")
    let array = try #require(try parse(#"{"y_true":[\#(numbers)]}"#).arrays["y_true"])
    #expect(array.values == [Double](repeating: 1.0 / 9, count: 3000))
    let huge = "0." + String(repeating: "3", count: 200_000)
    #expect(try parse(#"{"y_true":[1,\#(huge),0]}"#).arrays["y_true"]?.values == [1, 1.0 / 3, 0])
    let strings = Array(repeating: #""\#(String(repeating: #"\""#, count: 30_000))""#, count: 20)
    #expect(try parse(#"{"a":[\#(strings.joined(separator: ","))]}"#).options.count == 1)
  }

  @Test(arguments: [
    #"{"y_true":[[0,1],[1,0]],"y_pred":[[0.123,1e-3],[-1,2]],"metrics":["dice"],"e":"\u00e9"}"#,
    #"{"y_true":{"shape":[2,2],"dtype":"uint8","data":"AAEBAA=="},"y_pred":[true]}"#,
  ])
  func `a text cut short anywhere is refused, and one with a bit flipped never crashes`(_ text: String) {
    let bytes = Array(text.utf8)
    for count in 0..<bytes.count {
      for paddingCount in [0, 64] {
        let source = TestBytes(bytes[..<count], paddingCount: paddingCount)
        #expect(
          failure { () throws(FormatError) in try JSONRequest.parse(source, arrayNames: ["y_true", "y_pred"])
          } != nil)
      }
    }
    for bit in 0..<bytes.count * 8 {
      var flipped = bytes
      flipped[bit / 8] ^= 1 << UInt8(bit % 8)
      _ = try? JSONRequest.parse(TestBytes(flipped), arrayNames: ["y_true", "y_pred"])
    }
  }
}

@Suite struct JSONValueTests {
  @Test func `a value by itself is read whole`() throws {
    #expect(
      try JSONValue.parse(TestBytes(" [1, {\"a\": null}] "))
        == .array([.number(1), .object([JSONMember(name: "a", value: .null)])]))
    for text in ["", "1 2", "[1", "{\"a\":1,\"a\":1}"] {
      #expect(throws: FormatError.self) { try JSONValue.parse(TestBytes(text)) }
    }
  }
}
