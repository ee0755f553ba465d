public import Hausdorff

/// How elements lie in bytes without a header: the names that a `dtype` may have.
public enum RawType: RawRepresentable, CaseIterable, Hashable, Sendable {
  /// Each in bytes of its own, little-endian.
  case scalar(ScalarType)
  /// One bit each, the first in the least significant bit; every row of the last axis begins with a byte, and the bits
  /// behind its end are 0.
  case bit

  /// All of NumPy's names, and `bit`.
  public static var allCases: [RawType] { ScalarType.allCases.map(RawType.scalar) + [.bit] }

  /// The type of that name; nil if there is none.
  public init?(rawValue: String) {
    if rawValue == "bit" {
      self = .bit
    } else if let type = ScalarType(rawValue: rawValue) {
      self = .scalar(type)
    } else {
      return nil
    }
  }

  /// The name.
  public var rawValue: String {
    switch self {
    case .scalar(let type): type.rawValue
    case .bit: "bit"
    }
  }

  /// The type of the elements in memory: bits become booleans.
  public var scalarType: ScalarType {
    switch self {
    case .scalar(let type): type
    case .bit: .bool
    }
  }

  /// Bytes that an array of `shape` takes, whose extents are positive and whose number of elements an Int holds eight
  /// times.
  public func byteCount(shape: [Int]) -> Int {
    switch self {
    case .scalar(let type): shape.reduce(type.byteCount, *)
    case .bit: shape.dropLast().reduce(((shape.last ?? 1) + 7) / 8, *)
    }
  }
}
