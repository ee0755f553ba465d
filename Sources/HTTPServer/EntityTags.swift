/// The entity tags of an If-Match, If-None-Match or If-Range header (RFC 9110, 8.8.3).
enum EntityTags {
  case any
  /// None where the field is malformed.
  case list([Tag])

  struct Tag: Equatable {
    let isWeak: Bool
    let value: [UInt8]
  }

  init(_ field: String) {
    self = field == "*" ? .any : .list(EntityTags.parse(Array(field.utf8)) ?? [])
  }

  /// Whether the tag, which is strong, is one of them; a weak one never is.
  func contains(strongly tag: String) -> Bool {
    switch self {
    case .any: true
    case .list(let tags): tags.contains(Tag(isWeak: false, value: Array(tag.utf8)))
    }
  }

  /// Whether the tag is one of them, weak or not.
  func contains(weakly tag: String) -> Bool {
    switch self {
    case .any: true
    case .list(let tags): tags.contains { $0.value.elementsEqual(tag.utf8) }
    }
  }

  /// Whether the tag is all that there is: a list and `*` are not what If-Range may have.
  func isExactly(_ tag: String) -> Bool {
    if case .list(let tags) = self { tags == [Tag(isWeak: false, value: Array(tag.utf8))] } else { false }
  }

  /// A character between the quotes of a tag.
  static func isTagCharacter(_ byte: UInt8) -> Bool {
    byte >= 0x21 && byte != UInt8(ascii: "\"") && byte != 0x7F
  }

  private static func parse(_ bytes: [UInt8]) -> [Tag]? {
    var tags: [Tag] = []
    for item in items(bytes) {
      let isWeak = item.starts(with: "W/".utf8)
      let quoted = isWeak ? item.dropFirst(2) : item
      guard quoted.count >= 2, quoted.first == UInt8(ascii: "\""), quoted.last == UInt8(ascii: "\"") else {
        return nil
      }
      let value = Array(quoted.dropFirst().dropLast())
      guard value.allSatisfy(isTagCharacter) else { return nil }
      tags.append(Tag(isWeak: isWeak, value: value))
    }
    return tags
  }

  /// What the commas outside of quotes part, without the blanks around; empty items are passed over.
  private static func items(_ bytes: [UInt8]) -> [ArraySlice<UInt8>] {
    var isQuoted = false
    return bytes.split { byte in
      if byte == UInt8(ascii: "\"") { isQuoted.toggle() }
      return byte == UInt8(ascii: ",") && !isQuoted
    }.compactMap { item in
      var item = item.drop(while: ASCII.isBlank)
      while let last = item.last, ASCII.isBlank(last) { item.removeLast() }
      return item.isEmpty ? nil : item
    }
  }
}
