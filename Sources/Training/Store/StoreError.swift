/// Why the store did not do what was asked.
public struct StoreError: Error, Equatable, Sendable, CustomStringConvertible {
  /// The class of a failure: who can do something about it.
  public enum Kind: Equatable, Sendable {
    /// The database cannot be reached, or cannot write; the same may succeed later.
    case unavailable
    /// The database was made by a newer program.
    case newer
    /// The database, or where it is said to be, is at fault.
    case invalid
  }

  /// The class of the failure.
  public let kind: Kind
  /// What failed, in a clause without a full stop.
  public let detail: String

  /// A failure of class `kind`, told by `detail`.
  public init(_ kind: Kind, _ detail: String) { (self.kind, self.detail) = (kind, detail) }

  /// The same as `detail`.
  public var description: String { detail }
}
