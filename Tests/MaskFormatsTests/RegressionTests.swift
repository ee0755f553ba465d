import Foundation
import MaskFormats
import Testing

/// Inputs that fuzzing found a fault with; the first part of a file's name is its format.
@Suite struct RegressionTests {
  @Test func `what fuzzing found is refused`() throws {
    let folder = try #require(Bundle.module.resourceURL).appending(component: "Regressions")
    let names = try FileManager.default.contentsOfDirectory(atPath: folder.path)
    #expect(!names.isEmpty)
    for name in names {
      let source = TestBytes(try Data(contentsOf: folder.appending(component: name)), paddingCount: 0)
      #expect(throws: FormatError.self, "\(name)") {
        switch name.prefix(while: { $0 != "-" }) {
        case "json": _ = try JSONRequest.parse(source, arrayNames: ["y_true", "y_pred"])
        case "npy": _ = try NPY.decode(source)
        case "nifti": _ = try NIfTI.decode(source)
        case "gzip": _ = try Compressed.decode(source, .gzip, maximumBytes: 1 << 24)
        default: _ = try PNG.decode(source)
        }
      }
    }
  }

  @Test(arguments: [65_000, 65_535, 65_536, 70_000, 140_000])
  func `bytes that are not UTF-8 are found in the last window of a text too`(_ spaces: Int) {
    for tail in [[0xD6], [0x22], [0x22, 0x01, 0x22]] as [[UInt8]] {
      let text = Array(#"{"y_true":[1]}"#.utf8) + [UInt8](repeating: 0x20, count: spaces) + tail
      #expect(throws: FormatError.self) { try JSONRequest.parse(TestBytes(text), arrayNames: ["y_true"]) }
      #expect(throws: FormatError.self) { try JSONValue.parse(TestBytes([0x31] + text.dropFirst(14))) }
    }
  }
}
