import Foundation
import MaskFormats
import Testing

/// The bytes of a file that Fixtures/make.py wrote.
func fixture(_ name: String) throws -> [UInt8] {
  let folder = try #require(Bundle.module.resourceURL)
  return Array(try Data(contentsOf: folder.appending(components: "Fixtures", name)))
}

func base64(_ bytes: [UInt8]) -> String {
  Data(bytes).base64EncodedString()
}

/// The values that make.py gives an array of `count` elements.
func ramp(_ count: Int) -> [Int] {
  (0..<count).map { $0 * 7 % 251 }
}
