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

@Suite struct JSONRequestListTests {
  private func list(
    _ text: String, paddingCount: Int = 64, limits: FormatLimits = FormatLimits()
  ) throws(FormatError) -> [JSONRequest.Element] {
    try JSONRequest.parse(
      TestBytes(text, paddingCount: paddingCount), arrayNames: ["y_true", "y_pred"], listName: "pairs",
      limits: limits
    ).list ?? []
  }

  /// The path and the words of a failure; nil where there is none.
  private func failure(of element: JSONRequest.Element) -> FormatError? {
    if case .failure(let error) = element { error } else { nil }
  }

  @Test(arguments: [0, 64])
  func `a list holds arrays of every kind, each for itself, beside options`(_ paddingCount: Int) throws {
    let request = try JSONRequest.parse(
      TestBytes(
        #"""
        {"a": 1, "pairs": [{"y_true": [[0, 1]], "y_pred": [[0.5, 2]]}, {}, {"y_pred":
        {"rle": {"size": [2, 1], "counts": [1, 1]}}, "y_true": {"dtype": "bit", "shape": [3], "data": "BQ=="}} ], "b": 2}
        """#, paddingCount: paddingCount), arrayNames: ["y_true", "y_pred"], listName: "pairs")
    #expect(request.arrays.isEmpty && request.options.map(\.name) == ["a", "b"])
    let list = try #require(request.list).map { element in
      try element.get().mapValues { try $0.array(limits: FormatLimits()).values }
    }
    #expect(
      list == [["y_true": [0, 1], "y_pred": [0.5, 2]], [:], ["y_true": [1, 0, 1], "y_pred": [0, 1]]])
    #expect(try parse(#"{"pairs":[]}"#).list == nil)
    #expect(try self.list(#"{"pairs":[ ]}"#).isEmpty)
  }

  @Test func `a file may be an image with colours where an image is asked for`() throws {
    let colours = #"{"image":{"file":"\#(base64(try fixture("refused_coloured.png")))"}}"#
    let request = try JSONRequest.parse(TestBytes(colours), arrayNames: ["image"], imageName: "image")
    #expect(request.arrays["image"]?.shape.last == 3)
    let error = MaskFormatsTests.failure { () throws(FormatError) in
      try JSONRequest.parse(TestBytes(colours), arrayNames: ["image"], imageName: "other")
    }
    #expect(error?.kind == .unsupported && error?.path == "/image/file", "\(String(describing: error))")
  }

  @Test func `what an array unpacks to is not made before it is asked for`() throws {
    let limits = FormatLimits(maximumBytes: 1000)
    let bits = base64([UInt8](repeating: 0, count: 800))
    let list = try list(
      #"""
      {"pairs": [{"y_true": {"rle": {"size": [30000, 30000], "counts": [900000000]}},
      "y_pred": {"rle": {"size": [1000000000, 1000000000], "counts": "0"}}},
      {"y_true": {"shape": [80, 80], "dtype": "bit", "data": "\#(bits)"}, "y_pred": {"file": "AAAA"}}]}
      """#, limits: limits)
    let errors = try list.flatMap { element in
      try ["y_true", "y_pred"].map { name in
        try #require(
          MaskFormatsTests.failure { () throws(FormatError) in
            try element.get()[name]?.array(limits: limits)
          })
      }
    }
    #expect(errors.map(\.kind) == [.tooLarge, .tooLarge, .tooLarge, .unsupported])
    #expect(errors.map(\.path) == ["/rle", "/rle", nil, "/file"])
    #expect(try list[1].get()["y_true"]?.array(limits: FormatLimits()).byteCount == 6400)
  }

  @Test func `a failure to decode leads to the value at fault`() throws {
    let list = try list(#"{"pairs":[{"y_true":{"rle":{"size":[2,3],"counts":[1,1,1,1,1,2]}}}]}"#)
    let error = MaskFormatsTests.failure { () throws(FormatError) in
      try list[0].get()["y_true"]?.array(limits: FormatLimits())
    }
    #expect(error?.path == "/rle/counts/5" && error?.at("/pairs/0").path == "/pairs/0/rle/counts/5")
  }

  private static let faulty: [(String, String?, String)] = [
    (#"1"#, nil, "an object"), (#"null"#, nil, "an object"), (#"[[{"a":[]}],"x"]"#, nil, "an object"),
    (#"{"y_true":[[0,1],[1]],"y_pred":[1]}"#, "/y_true/1", "length 1"),
    (#"{"y_true":[[0,1],1]}"#, "/y_true/1", "equally deep"), (#"{"y_true":[]}"#, "/y_true", "empty"),
    (#"{"y_true":[[0,"]}"],[1,{"y_pred":2}]]}"#, "/y_true/0/1", "a string"),
    (#"{"y_true":[[[[[[[[1]]]]]]]]}"#, "/y_true/0/0/0/0/0", "nested deeper than 5"),
    (#"{"y_true":null,"y_pred":[1]}"#, "/y_true", "'null'"), (#"{"y_pred":-1.5e3}"#, "/y_pred", "'-1.5e3'"),
    (#"{"y_pred":"AA\"]}\u005d"}"#, "/y_pred", "a string"),
    (#"{"y_pred":[1],"y_true":[1],"y_pred":[1]}"#, "/y_pred", "twice"),
    (#"{"y_true":{}}"#, "/y_true", "'shape' is missing"),
    (#"{"y_true":{"shape":[0,5],"dtype":"uint8","data":""}}"#, "/y_true/shape/0", "positive"),
    (#"{"y_true":{"shape":[1],"dtype":"complex64","data":"AA=="}}"#, "/y_true/dtype", "complex64"),
    (#"{"y_true":{"shape":[1],"dtype":"uint8","data":"A"}}"#, "/y_true/data", "multiple of 4"),
    (
      #"{"y_true":{"shape":[1],"dtype":"uint8","data":"AA==","order":{"C":true}}}"#, "/y_true/order",
      "no such"
    ),
    (#"{"y_true":{"rle":{"size":[0,5],"counts":[0]}}}"#, "/y_true/rle/size/0", "positive"),
    (#"{"y_true":{"rle":{"size":[1,5],"counts":{"a":[false]}}}}"#, "/y_true/rle/counts", "a list of counts"),
    (#"{"\#(String(repeating: "n", count: 300))":[1]}"#, nil, "over the limit of 256"),
    (#"{"y_true":[\#(String(repeating: "[0],", count: 40_000))1]}"#, "/y_true/40000", "equally deep"),
  ]

  @Test(arguments: faulty.indices)
  func `what is wrong with one element is told in its place, the rest is read`(_ index: Int) throws {
    let (text, path, words) = Self.faulty[index]
    let good = #"{"y_true":[[0,1]],"y_pred":[[1,1]]}"#
    for elements in [[text, good], [good, text], [good, text, text, good]] {
      let list = try list("{\"pairs\":[\(elements.joined(separator: " , "))],\"a\":1}")
      #expect(list.count == elements.count)
      for (element, sent) in zip(list, elements) {
        let error = failure(of: element)
        #expect((error == nil) == (sent == good))
        guard let error else { continue }
        #expect(error.path == path && error.detail.contains(words), "\(error)")
      }
    }
  }

  private static let broken: [(String, String, FormatError.Kind)] = [
    ("1", "/pairs", .malformed), (#"{"y_true":[1]}"#, "/pairs", .malformed),
    ("[{}", "/pairs", .malformed), ("[{},]", "/pairs/1", .malformed), ("[{}{}]", "/pairs", .malformed),
    (#"[{},{"y_true":[1,x]}]"#, "/pairs/1", .malformed), (#"[{"y_true":[1,01]}]"#, "/pairs/0", .malformed),
    (#"[[1,tru]]"#, "/pairs/0", .malformed), (#"[[1,]]"#, "/pairs/0", .malformed),
    (#"[{"y_true":[1}]"#, "/pairs/0", .malformed), (#"[[{]]"#, "/pairs/0", .malformed),
    (#"[[{"a"}]]"#, "/pairs/0", .malformed), (#"[[{"a":}]]"#, "/pairs/0", .malformed),
    (#"[[{"a":1,}]]"#, "/pairs/0", .malformed), (#"[[{"a":1 "b":2}]]"#, "/pairs/0", .malformed),
    (#"[[1 2]]"#, "/pairs/0", .malformed), (#"["\x"]"#, "/pairs/0", .malformed),
    (#"[{"y_true":null,"\ud800":1}]"#, "/pairs/0", .malformed),
    (#"[{"y_true":[1],"spacing":[1]}]"#, "/pairs/0/spacing", .unsupported),
    ("[" + String(repeating: "[", count: 514) + "]", "/pairs/0", .tooLarge),
    ("[" + String(repeating: "{},", count: JSONRequest.maximumListCount) + "{}]", "/pairs", .tooLarge),
  ]

  @Test(arguments: broken.indices)
  func `a list that is no JSON, too long or holds options ends the request`(_ index: Int) throws {
    let (text, path, kind) = Self.broken[index]
    for paddingCount in [0, 64] {
      let error = try #require(
        MaskFormatsTests.failure { () throws(FormatError) in
          try list("{\"pairs\":\(text)}", paddingCount: paddingCount)
        })
      #expect(error.path == path && error.kind == kind, "\(error)")
    }
    let longest = "[" + String(repeating: "1,", count: JSONRequest.maximumListCount - 1) + "{}]"
    #expect(try list("{\"pairs\":\(longest)}").count == JSONRequest.maximumListCount)
  }

  @Test func `a list cut short anywhere is refused, and one with a bit flipped never crashes`() {
    let bytes = Array(
      #"{"pairs":[{"y_true":[[1],1,"\u00e9"]},{"y_pred":{"rle":{"size":[1,2],"counts":[1,1]}}},[{"a":null}]]}"#
        .utf8)
    func parse(_ bytes: [UInt8]) throws(FormatError) {
      let source = TestBytes(bytes, paddingCount: 0)
      let list = try JSONRequest.parse(source, arrayNames: ["y_true", "y_pred"], listName: "pairs").list
      for array in (list ?? []).compactMap({ try? $0.get() }).flatMap(\.values) {
        _ = try? array.array(limits: FormatLimits(maximumBytes: 1000))
      }
    }
    for count in 0..<bytes.count {
      #expect(MaskFormatsTests.failure { () throws(FormatError) in try parse(Array(bytes[..<count])) } != nil)
    }
    for bit in 0..<bytes.count * 8 {
      var flipped = bytes
      flipped[bit / 8] ^= 1 << UInt8(bit % 8)
      try? parse(flipped)
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
