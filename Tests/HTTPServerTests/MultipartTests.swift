import Testing

@testable import HTTPServer

struct MultipartTests {
  private func parts(_ body: String, _ type: String = "multipart/form-data; boundary=XX") -> Result<
    [Multipart.Part], Problem
  > {
    parts(Array(body.utf8), type)
  }

  private func parts(_ body: [UInt8], _ type: String) -> Result<[Multipart.Part], Problem> {
    do throws(Problem) {
      return .success(try Multipart.parts(of: body.span.bytes, contentType: MediaType(type)))
    } catch {
      return .failure(error)
    }
  }

  private func text(_ body: String, _ part: Multipart.Part) -> String {
    String(decoding: Array(body.utf8)[part.range], as: UTF8.self)
  }

  @Test func `Fields and files are told apart`() throws {
    let body =
      "preamble\r\n--XX\r\nContent-Disposition: form-data; name=\"y_true\"; filename=\"a.png\"\r\n"
      + "Content-Type: image/png\r\n\r\n\u{89}PNG\r\n--X\r\n--XX  \r\ncontent-disposition:form-data;name=metrics\r\n\r\n"
      + "\r\n--XX\r\nContent-Disposition: form-data; name=\"metrics\"\r\n\r\n\r\n--XX--\r\nepilogue"
    let parts = try parts(body).get()
    #expect(parts.map(\.name) == ["y_true", "metrics", "metrics"])
    #expect(parts.map(\.filename) == ["a.png", nil, nil])
    #expect(parts.map(\.contentType) == ["image/png", nil, nil])
    #expect(parts.map { text(body, $0) } == ["\u{89}PNG\r\n--X", "", ""])
  }

  @Test(arguments: [
    (#"name="a"; filename="b c.nii.gz""#, "a", "b c.nii.gz"),
    (#"name="a\"b"; filename="c\\d""#, "a\"b", "c\\d"),
    (#"name="a%22b"; filename="%0D%0A%41""#, "a\"b", "\r\n%41"), (#"name=a;filename="""#, "a", ""),
    (#"name="ä"; filename="C:\dir\x.png""#, "ä", #"C:\dir\x.png"#), (#"NAME="a"; FileName=b"#, "a", "b"),
    (#"name="a;b"; filename="c; name=d""#, "a;b", "c; name=d"),
  ])
  func `Names are unquoted`(_ parameters: String, _ name: String, _ filename: String) throws {
    let body = "--XX\r\nContent-Disposition: form-data; \(parameters)\r\n\r\n1\r\n--XX--"
    let part = try #require(try parts(body).get().first)
    #expect(part.name == name && part.filename == filename)
  }

  @Test(arguments: [
    "", "--XX", "--XX\r\n", "--XX--X", "no boundary at all", "--XXX\r\n\r\n",
    "--XX\r\n\r\nbody\r\n--XX--", "--XX\r\nContent-Disposition: form-data\r\n\r\nbody\r\n--XX--",
    "--XX\r\nContent-Disposition: attachment; name=a\r\n\r\nbody\r\n--XX--",
    "--XX\r\nContent-Disposition: form-data; name=a\r\n\r\nbody",
    "--XX\r\nContent-Disposition: form-data; name=a\r\n",
    "--XX\r\nContent-Disposition: form-data; name=a; name=b\r\n\r\nbody\r\n--XX--",
    "--XX\r\nContent-Disposition: form-data; name=\"a\r\n\r\nbody\r\n--XX--",
    "--XX\r\nContent-Disposition form-data; name=a\r\n\r\nbody\r\n--XX--",
    "--XX\r\nContent-Disposition: form-data; name=a\r\n folded\r\n\r\nbody\r\n--XX--",
    "--XX\r\nContent-Disposition: form-data; name=a\u{01}\r\n\r\nbody\r\n--XX--",
    "--XX\r\nContent-Disposition: form-data; name=a\r\nContent-Transfer-Encoding: base64\r\n\r\nbody\r\n--XX--",
    "--XX\nContent-Disposition: form-data; name=a\n\nbody\n--XX--",
    "--XX\r\nContent-Disposition: form-data; name=a\r\n\r\nbody\r\n--XX trailing\r\n--XX--",
  ])
  func `A malformed form is refused`(_ body: String) {
    switch parts(body) {
    case .success(let parts):
      // An immediate end is an empty form.
      #expect(body == "--XX--X" && parts.isEmpty)
    case .failure(let problem): #expect(problem.status == 400)
    }
  }

  @Test(arguments: [
    "application/json", "multipart/form-data", "multipart/form-data; boundary=",
    "multipart/form-data; boundary=\"a\"b",
    "multipart/form-data; boundary=\"ends with \"", "multipart/mixed; boundary=XX",
    "multipart/form-data; boundary=" + String(repeating: "x", count: 71),
    "multipart/form-data; boundary=\"a\u{7}\"",
  ])
  func `Another type is refused`(_ type: String) {
    guard case .failure(let problem) = parts("--XX--", type) else { return #expect(Bool(false), "\(type)") }
    #expect(problem.status == 415)
  }

  @Test func `A quoted boundary and parameters behind it are understood`() throws {
    let type = "Multipart/Form-Data; charset=utf-8; boundary=\"a b\"; x=y"
    #expect(
      try parts("--a b\r\nContent-Disposition: form-data; name=n\r\n\r\n1\r\n--a b--", type).get().count == 1)
  }

  @Test func `Too much of anything is refused`() throws {
    let part = "--XX\r\nContent-Disposition: form-data; name=a\r\n\r\n1\r\n"
    #expect(try parts(String(repeating: part, count: 64) + "--XX--").get().count == 64)
    let long = "--XX\r\nX: " + String(repeating: "x", count: 9000) + "\r\n\r\n1\r\n--XX--"
    for body in [String(repeating: part, count: 65) + "--XX--", long] {
      guard case .failure(let problem) = parts(body) else { return #expect(Bool(false)) }
      #expect(problem.status == 413)
    }
  }

  @Test func `A body of nothing but line ends is searched in linear time`() {
    let body =
      Array("--XX\r\nContent-Disposition: form-data; name=a\r\n\r\n".utf8)
      + [UInt8](repeating: 13, count: 4 << 20)
    guard case .failure = parts(body, "multipart/form-data; boundary=XX") else { return #expect(Bool(false)) }
  }

  @Test func `No mutation of a form crashes the parser`() {
    let form = Array(
      "--XX\r\nContent-Disposition: form-data; name=\"a\"; filename=b\r\n\r\nbody\r\n--XX\r\nContent-Disposition: form-data; name=c\r\nContent-Type: d/e\r\n\r\n\r\n--XX--"
        .utf8)
    let pieces = ["\r\n", "--XX", "--", "\"", ";", "\\", "%22", "\r\n\r\n", "\0", "="].map { Array($0.utf8) }
    var generator = SystemRandomNumberGenerator()
    for _ in 0..<5000 {
      var body = form
      for _ in 0..<Int.random(in: 1...4, using: &generator) {
        let index = Int.random(in: 0..<max(1, body.count), using: &generator)
        switch Int.random(in: 0..<4, using: &generator) {
        case 0:
          body.insert(contentsOf: pieces.randomElement(using: &generator) ?? [], at: min(index, body.count))
        case 1: body.removeSubrange(min(index, body.count)..<min(body.count, index + 5))
        case 2 where !body.isEmpty: body[index] = .random(in: .min ... .max, using: &generator)
        default: body = Array(body[..<min(index + 20, body.count)])
        }
      }
      guard case .success(let parts) = parts(body, "multipart/form-data; boundary=XX") else { continue }
      var end = 0
      for part in parts {
        #expect(part.range.lowerBound >= end && part.range.upperBound <= body.count)
        end = part.range.upperBound
      }
    }
  }

  @Test func `Every truncation of a form is refused or a form`() throws {
    let body = Array(
      "--XX\r\nContent-Disposition: form-data; name=\"a\"; filename=b\r\n\r\nbody\r\n--XX--".utf8)
    for count in 0..<body.count {
      if case .success = parts(Array(body[..<count]), "multipart/form-data; boundary=XX") {
        #expect(Bool(false), "\(count)")
      }
    }
    #expect(try parts(body, "multipart/form-data; boundary=XX").get().count == 1)
  }
}
