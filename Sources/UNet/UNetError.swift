/// Why a network was not built, trained, saved or applied.
public struct UNetError: Error, Equatable, CustomStringConvertible, Sendable {
  public enum Kind: Sendable {
    /// An option, or options that do not go together.
    case configuration
    /// A data set, or an image.
    case data
    /// A saved model or checkpoint.
    case model
    /// Reading or writing a file, or memory.
    case system
    /// A loss, gradient or parameter that is not finite.
    case notFinite
    /// A call of oneDNN failed.
    case oneDNN
  }

  public let kind: Kind
  /// What is at fault, in a clause without a full stop.
  public let detail: String

  public init(_ kind: Kind, _ detail: String) { (self.kind, self.detail) = (kind, detail) }

  public var description: String { detail }
}
