import Foundation

/// A JSON value to look into.
enum JSON: Equatable, Sendable, ExpressibleByFloatLiteral, ExpressibleByIntegerLiteral,
  ExpressibleByStringLiteral,
  ExpressibleByNilLiteral, ExpressibleByArrayLiteral, ExpressibleByDictionaryLiteral
{
  case null
  case bool(Bool)
  case number(Double)
  case string(String)
  case array([JSON])
  case object([String: JSON])
  /// No value: not JSON, or no such member.
  case missing

  init(_ bytes: [UInt8]) {
    let value = try? JSONSerialization.jsonObject(with: Data(bytes), options: [.fragmentsAllowed])
    self = value.map(JSON.init(any:)) ?? .missing
  }

  init(_ text: String) { self.init(Array(text.utf8)) }

  private init(any value: Any) {
    switch value {
    case let object as [String: Any]: self = .object(object.mapValues { JSON(any: $0) })
    case let array as [Any]: self = .array(array.map { JSON(any: $0) })
    case let text as String: self = .string(text)
    case let bool as Bool where "\(type(of: value))".contains("Bool"): self = .bool(bool)
    case let number as NSNumber: self = .number(number.doubleValue)
    default: self = .null
    }
  }

  init(floatLiteral value: Double) { self = .number(value) }
  init(integerLiteral value: Int) { self = .number(Double(value)) }
  init(stringLiteral value: String) { self = .string(value) }
  init(nilLiteral: ()) { self = .null }
  init(arrayLiteral elements: JSON...) { self = .array(elements) }
  init(dictionaryLiteral elements: (String, JSON)...) {
    self = .object(Dictionary(uniqueKeysWithValues: elements))
  }

  subscript(name: String) -> JSON {
    if case .object(let members) = self { members[name] ?? .missing } else { .missing }
  }

  subscript(index: Int) -> JSON {
    if case .array(let elements) = self, elements.indices.contains(index) {
      elements[index]
    } else {
      .missing
    }
  }

  var number: Double? { if case .number(let number) = self { number } else { nil } }
  var text: String? { if case .string(let text) = self { text } else { nil } }
  var count: Int { if case .array(let elements) = self { elements.count } else { 0 } }
}
