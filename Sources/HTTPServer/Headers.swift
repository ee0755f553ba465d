/// Header fields in their order; names compare without case.
public struct Headers: Sendable, ExpressibleByDictionaryLiteral, RandomAccessCollection {
  /// One field.
  public typealias Field = (name: String, value: String)

  private var fields: [Field] = []

  /// No fields.
  public init() {}

  /// The fields of a literal; a name may occur twice.
  public init(dictionaryLiteral elements: (String, String)...) {
    fields = elements.map { (name: $0.0, value: $0.1) }
  }

  /// The value of the first field of that name; setting replaces every one of them, `nil` removes them.
  public subscript(name: String) -> String? {
    get { fields.first { $0.name.isEqualIgnoringCase(name) }?.value }
    set {
      fields.removeAll { $0.name.isEqualIgnoringCase(name) }
      if let newValue { fields.append((name, newValue)) }
    }
  }

  /// The values of every field of that name.
  public func values(of name: String) -> [String] {
    fields.filter { $0.name.isEqualIgnoringCase(name) }.map(\.value)
  }

  /// Adds a field behind the others.
  public mutating func append(_ name: String, _ value: String) { fields.append((name, value)) }

  /// 0.
  public var startIndex: Int { 0 }
  /// The number of fields.
  public var endIndex: Int { fields.count }
  /// The field at a position.
  public subscript(position: Int) -> Field { fields[position] }
}

extension String {
  /// Equality of ASCII text without case.
  func isEqualIgnoringCase(_ other: String) -> Bool {
    utf8.count == other.utf8.count
      && zip(utf8, other.utf8).allSatisfy { $0 == $1 || ASCII.lowercased($0) == ASCII.lowercased($1) }
  }
}
