import MaskFormats
import Testing

/// Images that are written, read back.
struct PNGEncodeTests {
  @Test(arguments: [(1, 1), (3, 5), (40, 7)]) func `Colours come back as they were`(
    _ height: Int, _ width: Int
  ) throws {
    let samples = (0..<3 * height * width).map { UInt8(truncatingIfNeeded: $0 * 37 + $0 / 11) }
    let file = try PNG.encode(rgb: samples, height: height, width: width)
    let image = try PNG.decodeImage(TestBytes(file))
    #expect(image.shape == [height, width, 3])
    #expect(image.withBytes { $0.withUnsafeBytes { Array($0) } } == samples)
  }

  @Test func `Grey comes back as it was`() throws {
    let samples = (0..<35).map { UInt8($0 * 7) }
    let image = try PNG.decodeImage(TestBytes(try PNG.encode(grey: samples, height: 5, width: 7)))
    #expect(image.shape == [5, 7] && image.withBytes { $0.withUnsafeBytes { Array($0) } } == samples)
  }
}
