import Foundation
import Hausdorff
import MaskFormats
import Testing

@testable import Training

/// Where Fixtures/make.py put a file.
func fixture(_ name: String) throws -> String {
  let folder = try #require(Bundle.module.resourceURL)
  return folder.appending(components: "Fixtures", name).path
}

/// A folder of its own for a test, gone with it.
final class ScratchFolder {
  let path: String

  init() throws {
    path = NSTemporaryDirectory() + "training-tests-\(UUID().uuidString)"
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }

  /// Names of what lies in it, hidden files too.
  var names: [String] { get throws { try FileManager.default.contentsOfDirectory(atPath: path).sorted() } }

  /// Writes a file, and the folders that it needs.
  @discardableResult
  func write(_ name: String, _ bytes: [UInt8]) throws -> String {
    let file = URL(fileURLWithPath: "\(path)/\(name)")
    try FileManager.default.createDirectory(
      at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
    try Data(bytes).write(to: file)
    return file.path
  }

  /// Copies a fixture there.
  func copy(_ fixtureName: String, as name: String) throws {
    try write(name, try readFile(try fixture(fixtureName)))
  }
}

func readFile(_ path: String) throws -> [UInt8] {
  Array(try Data(contentsOf: URL(fileURLWithPath: path)))
}

/// An npy file of uint8.
func npy(_ shape: [Int], _ values: [UInt8], type: String = "|u1") -> [UInt8] {
  let header = "{'descr': '\(type)', 'fortran_order': False, 'shape': \(SampleLayout.text(shape)), }\n"
  return [0x93] + Array("NUMPY".utf8) + [1, 0, UInt8(header.utf8.count), 0] + Array(header.utf8) + values
}

/// A NIfTI-1 file of uint8, the values in the order that it stores them in: the first axis fastest.
func nifti(_ shape: [Int], _ values: [UInt8]) -> [UInt8] {
  var bytes = [UInt8](repeating: 0, count: 352)
  func put(_ value: Int, at offset: Int) {
    (bytes[offset], bytes[offset + 1]) = (UInt8(value & 0xFF), UInt8(value >> 8))
  }
  put(348, at: 0)
  put(shape.count, at: 40)
  for (axis, extent) in shape.enumerated() { put(extent, at: 42 + 2 * axis) }
  put(2, at: 70)
  // 352 as float32.
  put(0x43B0, at: 110)
  bytes.replaceSubrange(344..<347, with: Array("n+1".utf8))
  return bytes + values
}

/// The values that make.py gives an array of `count` elements.
func ramp(_ count: Int) -> [Int] { (0..<count).map { $0 * 7 % 251 } }

/// The masks that make.py gives `count` pixels.
func labels(_ count: Int) -> [UInt8] { (0..<count).map { UInt8($0 % 3) } }

/// The error that `body` throws; nil if it throws none.
func failure<Result>(of body: () throws(DataSetError) -> Result) -> DataSetError? {
  do {
    _ = try body()
    return nil
  } catch {
    return error
  }
}

/// Bytes as a source.
final class TestBytes: ByteSource {
  let paddingCount = 0
  private let bytes: [UInt8]

  init(_ bytes: [UInt8]) { self.bytes = bytes }

  var count: Int { bytes.count }

  func withBytes<Result, Failure: Error>(
    _ body: (RawSpan) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    let bytes = bytes
    let span = bytes.span.bytes
    return try body(span)
  }
}

/// A sample of uint8: a ramp beside labels from 0 to 2.
func rampSample(_ name: String, channels: Int = 1, height: Int, width: Int) throws -> ImportedSample {
  let pixels = height * width
  let image = TestBytes(ramp(channels * pixels).map(UInt8.init))
  let mask = TestBytes(labels(pixels))
  let layout = try SampleLayout(
    image: [channels, height, width], mask: [height, width], imageTitle: name, maskTitle: name)
  return try ImportedSample(
    name: name,
    image: .init(array: try Raw.array(image, shape: [channels * pixels], type: .uint8), title: name),
    mask: .init(array: try Raw.array(mask, shape: [pixels], type: .uint8), title: name), layout)
}
