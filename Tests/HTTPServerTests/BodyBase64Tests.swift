import Foundation
import Testing

@testable import HTTPServer

/// Bodies with base64 in their middle.
struct BodyBase64Tests {
  @Test(arguments: 0..<20) func `Base64 of every length is what Foundation makes of it`(_ count: Int) throws {
    var random = SystemRandomNumberGenerator()
    let bytes = (0..<count).map { _ in UInt8.random(in: 0...255, using: &random) }
    let made = Body(Array("<".utf8), base64: bytes.span.bytes, Array(">>".utf8))
    let body = try #require(made)
    let text = body.withBytes { $0.withUnsafeBytes { String(decoding: $0, as: UTF8.self) } }
    #expect(text == "<\(Data(bytes).base64EncodedString())>>")
  }

  @Test func `Base64 has every character of its alphabet`() throws {
    let bytes = (0..<3 * 4096).map { UInt8(truncatingIfNeeded: $0 &* 0x9E37 >> 3) }
    let made = Body([], base64: bytes.span.bytes, [])
    let body = try #require(made)
    let text = body.withBytes { $0.withUnsafeBytes { String(decoding: $0, as: UTF8.self) } }
    #expect(text == Data(bytes).base64EncodedString() && Set(text).count == 64)
  }

  @Test func `A body of floats is what was written`() throws {
    let body = try #require(
      Body(floatCount: 3) { values in for index in 0..<3 { values[index] = Float(index) / 2 } })
    let values = body.withBytes { bytes in
      bytes.withUnsafeBytes { bytes in (0..<3).map { bytes.load(fromByteOffset: 4 * $0, as: Float.self) } }
    }
    #expect(values == [0, 0.5, 1] && body.count == 12)
    struct Failure: Error {}
    #expect(throws: Failure.self) { try Body(floatCount: 3) { _ throws(Failure) in throw Failure() } }
  }
}
