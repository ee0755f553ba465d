import Glibc
import MaskFormats

/// Why samples could not be read, drawn or kept.
public struct DataSetError: Error, Equatable, Sendable, CustomStringConvertible {
  /// The class of a failure: who can do something about it.
  public enum Kind: Equatable, Sendable {
    /// The samples, or what asks for them, are at fault.
    case invalid
    /// The samples may be well formed, but are more than the limits allow.
    case tooLarge
    /// The system refuses to open, read or write a file.
    case unavailable
  }

  /// The class of the failure.
  public var kind: Kind
  /// One sentence for people that names the file or sample, and what is at fault.
  public var detail: String

  /// A failure of class `kind`, told by `detail`.
  public init(_ kind: Kind, _ detail: String) {
    self.kind = kind
    self.detail = detail
  }

  /// The same as `detail`.
  public var description: String { detail }

  /// What the last system call on `path` failed with.
  static func system(_ path: String, _ number: Int32 = errno) -> DataSetError {
    DataSetError(.unavailable, "\(path): \(String(cString: strerror(number)))")
  }

  /// The same failure, of something that lies in `path`.
  func within(_ path: String) -> DataSetError { DataSetError(kind, "\(path): \(detail)") }

  /// What a decoder found at fault, in words without a name.
  init(_ error: FormatError) {
    let kind: Kind =
      switch error.kind {
      case .malformed, .unsupported: .invalid
      case .tooLarge: .tooLarge
      case .unavailable: .unavailable
      }
    // It may quote what the file holds.
    self.init(kind, error.detail.shown(limit: 400))
  }

  /// What a decoder found at fault in `name`.
  init(_ error: FormatError, in name: String) { self = DataSetError(error).within(name) }
}
