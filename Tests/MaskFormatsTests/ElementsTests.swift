import Hausdorff
import MaskFormats
import Testing

/// Elements of arrays as floating-point numbers, and parts of arrays.
struct ElementsTests {
  private func array<Value>(_ values: [Value], _ type: ScalarType, offset: Int = 0) throws -> NumericArray {
    let bytes = values.withUnsafeBytes { Array($0) }
    let source = TestBytes([UInt8](repeating: 9, count: offset) + bytes)
    return try Raw.array(source, range: offset..<offset + bytes.count, shape: [values.count], type: type)
  }

  private func floats(_ array: NumericArray, threshold: Double = 0.5) -> [Float] {
    array.withFloats(threshold: threshold) { span in span.indices.map { span[$0] } }
  }

  @Test(arguments: [0, 1, 2, 3, 4]) func `Every type becomes floats and doubles, at any alignment`(
    _ offset: Int
  )
    throws
  {
    let arrays = try [
      array([0, 1, 2, 3] as [UInt8], .uint8, offset: offset),
      array([0, 1, 2, 3] as [Int8], .int8, offset: offset),
      array([0, 1, 2, 3] as [UInt16], .uint16, offset: offset),
      array([0, 1, 2, 3] as [Int16], .int16, offset: offset),
      array([0, 1, 2, 3] as [UInt32], .uint32, offset: offset),
      array([0, 1, 2, 3] as [Int32], .int32, offset: offset),
      array([0, 1, 2, 3] as [UInt64], .uint64, offset: offset),
      array([0, 1, 2, 3] as [Int64], .int64, offset: offset),
      array([0, 1, 2, 3] as [Float16], .float16, offset: offset),
      array([0, 1, 2, 3] as [Float], .float32, offset: offset),
      array([0, 1, 2, 3] as [Double], .float64, offset: offset),
    ]
    for array in arrays {
      #expect(floats(array) == [0, 1, 2, 3], "\(array.type)")
      #expect(array.doubles(from: 1, stride: 2, count: 2) == [1, 3], "\(array.type)")
      let part = try array.elements(from: 1, stride: 2, count: 2)
      #expect(part.shape == [2] && part.type == array.type && part.doubles(from: 0, count: 2) == [1, 3])
      #expect(try array.elements(from: 1, stride: 1, count: 3).doubles(from: 0, count: 3) == [1, 2, 3])
    }
    #expect(floats(try array([0, 1, 2, 255] as [UInt8], .bool)) == [0, 1, 1, 1])
  }

  @Test func `Rounding leaves no value on the other side of a threshold`() throws {
    for threshold: Double in [0.1, 0.5, 0.7, 1.0 / 3] {
      let values = [
        threshold, threshold.nextUp, threshold.nextDown, threshold + 1e-9, threshold - 1e-9, 0, 1,
      ]
      let rounded = floats(try array(values, .float64), threshold: threshold)
      for (value, rounded) in zip(values, rounded) {
        #expect((Double(rounded) > threshold) == (value > threshold) && abs(Double(rounded) - value) < 1e-7)
      }
    }
    #expect(floats(try array([1e300, -1e300, .nan], .float64))[..<2] == [.infinity, -.infinity])
  }
}
