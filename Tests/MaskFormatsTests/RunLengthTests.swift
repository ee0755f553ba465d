import Foundation
import Hausdorff
import MaskFormats
import Testing

@Suite struct RunLengthTests {
  /// What Fixtures/record_rle.py recorded of a mask.
  private struct Recorded: Decodable {
    var size: [Int]
    var rows: String
    var compressed: String
    var counts: [Int]
  }

  @Test func `masks are read as pycocotools writes and reads them, in both ways`() throws {
    let cases = try JSONDecoder().decode([Recorded].self, from: Data(try fixture("rle.json")))
    #expect(cases.count > 30)
    for recorded in cases {
      let text = recorded.compressed.replacing("\\", with: "\\\\")
      for counts in ["\"\(text)\"", "\(recorded.counts)"] {
        for members in [
          "\"size\":\(recorded.size),\"counts\":\(counts)", "\"counts\":\(counts),\"size\":\(recorded.size)",
        ] {
          let array = try parseArray("{\"rle\":{\(members)}}")
          #expect(array.shape == recorded.size && array.type == .uint8)
          #expect(
            array.elements(UInt8.self) == recorded.rows.utf8.map { $0 - UInt8(ascii: "0") },
            "\(recorded.size)")
        }
      }
    }
  }

  @Test(
    arguments: [
      ([0, 1, 2, 3], [1, 0, 0, 1, 1, 1]), ([2, 1, 0, 2, 1, 0], [0, 0, 1, 1, 1, 0]),
      ([6], [0, 0, 0, 0, 0, 0]),
      ([0, 6, 0, 0, 0], [1, 1, 1, 1, 1, 1]), ([1, 0, 0, 0, 3, 0, 1, 1], [0, 0, 0, 0, 0, 1]),
    ] as [([Int], [Double])])
  func `runs may be empty, and go down one column after the other`(_ counts: [Int], _ values: [Double]) throws
  {
    for counts in ["\(counts)", "\"\(compressed(counts))\""] {
      #expect(try parseArray("{\"rle\":{\"size\":[6,1],\"counts\":\(counts)}}").values == values)
      #expect(try parseArray("{\"rle\":{\"size\":[1,6],\"counts\":\(counts)}}").values == values)
      let rows = [values[0], values[3], values[1], values[4], values[2], values[5]]
      #expect(try parseArray("{\"rle\":{\"size\":[3,2],\"counts\":\(counts)}}").values == rows)
    }
  }

  @Test(arguments: [1, 2, 63, 64, 65, 127, 128, 130, 200], [1, 2, 7, 64, 67])
  func `masks of every width are painted by rows`(_ width: Int, _ height: Int) throws {
    // Runs of 0 to 10 that do not end with columns.
    var (columns, counts) = ([UInt8](), [Int]())
    while columns.count < width * height {
      counts.append(min(counts.count * counts.count % 11, width * height - columns.count))
      columns += [UInt8](repeating: UInt8((counts.count + 1) % 2), count: counts.last!)
    }
    let array = try parseArray("{\"rle\":{\"size\":[\(height),\(width)],\"counts\":\(counts)}}")
    #expect(array.shape == [height, width])
    #expect(
      array.elements(UInt8.self) == (0..<width * height).map { columns[$0 % width * height + $0 / width] })
  }

  @Test func `counts may be written as JSON allows, and strings escaped`() throws {
    for counts in ["[1.0, 2e0 ,3]", "[true,2,3]", #""\u0031\u00323""#] {
      #expect(try parseArray("{\"rle\":{\"size\":[2,3],\"counts\":\(counts)}}").values == [0, 1, 0, 1, 0, 0])
    }
  }

  @Test(arguments: [
    (#"{}"#, "", "'size' is missing"),
    (#"{"size":[2,3]}"#, "", "'counts' is missing"),
    (#"{"counts":[6]}"#, "", "'size' is missing"),
    (#"{"size":[2,3],"counts":[6],"area":0}"#, "/area", "no such member"),
    (#"{"size":[2,3],"counts":[6],"size":[2,3]}"#, "/size", "twice"),
    (#"{"size":[6],"counts":[6]}"#, "/size", "a height and a width"),
    (#"{"size":[1,2,3],"counts":[6]}"#, "/size", "a height and a width"),
    (#"{"size":[],"counts":[6]}"#, "/size", "a height and a width"),
    (#"{"size":[2,0],"counts":[0]}"#, "/size/1", "positive"),
    (#"{"size":[-2,3],"counts":[6]}"#, "/size/0", "positive"),
    (#"{"size":"2,3","counts":[6]}"#, "/size", "a string"),
    (#"{"size":[2,3],"counts":[5]}"#, "/counts", "cover 5 of 6"),
    (#"{"size":[2,3],"counts":[0,0]}"#, "/counts", "cover 0 of 6"),
    (#"{"size":[2,3],"counts":[7]}"#, "/counts/0", "a run of 7"),
    (#"{"size":[2,3],"counts":[2,3,2]}"#, "/counts/2", "only 1 are left"),
    (#"{"size":[2,3],"counts":[1e300]}"#, "/counts/0", "no whole number"),
    (#"{"size":[2,3],"counts":[4e18,4e18,4e18]}"#, "/counts/0", "are left"),
    (#"{"size":[2,3],"counts":[2,-1,5]}"#, "/counts/1", "length -1"),
    (#"{"size":[2,3],"counts":[2,0.5,3.5]}"#, "/counts/1", "no whole number"),
    (#"{"size":[2,3],"counts":[2,"4"]}"#, "/counts/1", "a string"),
    (#"{"size":[2,3],"counts":[[6]]}"#, "/counts", "nested"),
    (#"{"size":[2,3],"counts":[]}"#, "/counts", "empty"),
    (#"{"size":[2,3],"counts":6}"#, "/counts", "a list of counts"),
    (#"{"size":[2,3],"counts":null}"#, "/counts", "a list of counts"),
    (#"{"size":[2,3],"counts":""}"#, "/counts", "cover 0 of 6"),
    (#"{"size":[2,3],"counts":"5"}"#, "/counts", "cover 5 of 6"),
    (#"{"size":[2,3],"counts":"7"}"#, "/counts", "character 0: a run of 7"),
    (#"{"size":[2,3],"counts":"23N"}"#, "/counts", "character 2: a run of length -2"),
    (#"{"size":[2,3],"counts":"2 4"}"#, "/counts", "character 1 is none"),
    (#"{"size":[2,3],"counts":"24p"}"#, "/counts", "character 2 is none"),
    (#"{"size":[2,3],"counts":"24é"}"#, "/counts", "character 2 is none"),
    (#"{"size":[2,3],"counts":"5P"}"#, "/counts", "character 1, is cut short"),
    (#"{"size":[2,3],"counts":"PPPPPPPPPPPPPPPPPP0"}"#, "/counts", "too long"),
    (#"{"size":[2,3],"counts":"oooooooooooo"}"#, "/counts", "is cut short"),
    (#"{"size":[2,3],"counts":"oooooooooooO"}"#, "/counts", "length -1"),
    (#"{"size":[2,3],"counts":"\x"}"#, "/counts", "escape"),
    (#"[6]"#, "", "an array"), (#""6""#, "", "a string"), (#"null"#, "", "'null'"),
  ])
  func `what is no run-length encoding is refused at its place`(
    _ json: String, _ path: String, _ words: String
  ) throws {
    let error = try #require(failure { () throws(FormatError) in try parse(#"{"rle":\#(json)}"#) })
    #expect(error.path == "/y_true/rle" + path)
    #expect(error.detail.contains(words), "\(error)")
    #expect(error.kind == .malformed || path == "/area")
  }

  @Test(arguments: [
    (#"{"rle":{"size":[1,1],"counts":[1]},"shape":[1]}"#, "/y_true", "beside 'shape'"),
    (#"{"dtype":"bit","rle":{"size":[1,1],"counts":[1]}}"#, "/y_true", "'rle' stands beside"),
    (#"{"rle":{"size":[1,1],"counts":[1]},"file":"AAAA"}"#, "/y_true/file", "beside 'rle'"),
  ])
  func `nothing stands beside it`(_ json: String, _ path: String, _ words: String) throws {
    let error = try #require(failure { () throws(FormatError) in try parse(json) })
    #expect(error.path == path && error.detail.contains(words), "\(error)")
  }

  @Test func `a size over the limit is refused before anything is made of it`() throws {
    let limits = FormatLimits(maximumBytes: 24)
    #expect(try parseArray(#"{"rle":{"size":[4,6],"counts":[24]}}"#, limits: limits).byteCount == 24)
    for json in [
      #"{"rle":{"size":[5,5],"counts":[25]}}"#, #"{"rle":{"size":[1000000000,1000000000],"counts":"0"}}"#,
      #"{"rle":{"size":[4,6],"counts":[\#(String(repeating: "0,", count: 24))24]}}"#,
      #"{"rle":{"size":[4,6],"counts":"\#(String(repeating: "0", count: 24))24"}}"#,
    ] {
      #expect(
        failure { () throws(FormatError) in try parse(json, limits: limits) }?.kind == .tooLarge, "\(json)")
    }
  }

  @Test(arguments: [
    #"{"rle":{"size":[4,5],"counts":[3,0,2,7,8]}}"#, #"{"rle":{"size":[40,5],"counts":"T23Y1bNR5"}}"#,
  ])
  func `a text cut short anywhere is refused, and one with a bit flipped never crashes`(_ text: String) {
    let bytes = Array(#"{"y_true":\#(text)}"#.utf8)
    for count in 0..<bytes.count {
      #expect(failure { () throws(FormatError) in try request(Array(bytes[..<count])) } != nil)
    }
    for bit in 0..<bytes.count * 8 {
      var flipped = bytes
      flipped[bit / 8] ^= 1 << UInt8(bit % 8)
      _ = try? request(flipped)
    }
  }

  private func request(_ bytes: [UInt8], limits: FormatLimits = FormatLimits()) throws(FormatError) {
    _ = try JSONRequest.parse(TestBytes(bytes, paddingCount: 0), arrayNames: ["y_true"], limits: limits)
  }

  private func parse(_ json: String, limits: FormatLimits = FormatLimits()) throws(FormatError) {
    try request(Array(#"{"y_true":\#(json)}"#.utf8), limits: limits)
  }

  /// COCO's string of `counts`, without a backslash for so small ones.
  private func compressed(_ counts: [Int]) -> String {
    var text = ""
    for (index, count) in counts.enumerated() {
      var rest = index > 2 ? count - counts[index - 2] : count
      var isLast = false
      while !isLast {
        let bits = rest & 0x1F
        rest >>= 5
        isLast = bits & 0x10 == 0 ? rest == 0 : rest == -1
        text.unicodeScalars.append(UnicodeScalar(UInt8(48 + bits + (isLast ? 0 : 0x20))))
      }
    }
    return text
  }
}
