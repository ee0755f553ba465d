/// The element type of a dense array, under its NumPy name.
public enum ScalarType: String, CaseIterable, Sendable {
  /// One byte an element; zero is false, everything else is true.
  case bool
  case uint8, int8, uint16, int16, uint32, int32, uint64, int64
  /// IEEE 754 binary16, binary32 and binary64.
  case float16, float32, float64

  /// Bytes that one element takes.
  public var byteCount: Int {
    switch self {
    case .bool, .uint8, .int8: 1
    case .uint16, .int16, .float16: 2
    case .uint32, .int32, .float32: 4
    case .uint64, .int64, .float64: 8
    }
  }
}
