/// Why bytes could not be taken as an array or a request.
public struct FormatError: Error, Equatable, Sendable {
  /// The class of a failure: what the sender can do about it.
  public enum Kind: Equatable, Sendable {
    /// The bytes break the rules of their format, or say one thing in one place and another elsewhere.
    case malformed
    /// The bytes are well formed as far as read, but hold or declare more than the limits allow.
    case tooLarge
    /// The bytes may be well formed, but are of a kind that has no meaning as an array of numbers.
    case unsupported
    /// The system refuses to open or read a file.
    case unavailable
  }

  /// The class of the failure.
  public var kind: Kind
  /// One sentence for people that names what is at fault, and the position where that is known.
  public var detail: String
  /// JSON pointer (RFC 6901) of the value at fault, such as `/y_true/3/7`; nil outside JSON.
  public var path: String?

  /// A failure of class `kind`, told by `detail`, at the JSON pointer `path`.
  public init(_ kind: Kind, _ detail: String, path: String? = nil) {
    self.kind = kind
    self.detail = detail
    self.path = path
  }

  /// The same failure, seen from where the pointer `path` leads to the value that holds what is at fault.
  public func at(_ path: String) -> FormatError {
    FormatError(kind, detail, path: path + (self.path ?? ""))
  }
}
