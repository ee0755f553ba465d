import MaskFormats

/// What the header of a `.safetensors` file says, once it is known to make sense.
struct SafetensorsHeader {
  /// A tensor.
  struct Entry {
    let name: String
    let shape: [Int]
    /// Bytes behind the header that its elements take.
    let range: Range<Int>
  }

  /// Most bytes of a header.
  static let maximumCount = 64 << 20
  /// Most values of a header's JSON, of which a tensor makes about ten.
  private static let maximumValues = 1 << 20

  private(set) var metadata: [(String, String)] = []
  private(set) var entries: [Entry] = []

  /// - Parameter dataCount: bytes of the file behind the header.
  /// - Throws: `UNetError.model` for a header that is no JSON or does not describe exactly those bytes as float32.
  init(_ header: [UInt8], dataCount: Int) throws(UNetError) {
    for member in try Self.members(header) {
      if member.name == Safetensors.metadataName {
        metadata = try Self.texts(member.value)
      } else {
        entries.append(try Self.entry(member))
      }
    }
    var end = 0
    for entry in entries.sorted(by: {
      ($0.range.lowerBound, $0.range.upperBound) < ($1.range.lowerBound, $1.range.upperBound)
    }) {
      guard entry.range.lowerBound == end else {
        throw Self.invalid(
          "the elements of tensor \(Self.quoted(entry.name)) begin at byte \(entry.range.lowerBound), where those before end at \(end)"
        )
      }
      end = entry.range.upperBound
    }
    guard end == dataCount else {
      throw Self.invalid("the tensors take \(end) bytes, but \(dataCount) follow the header")
    }
  }

  private static func members(_ header: [UInt8]) throws(UNetError) -> [JSONMember] {
    guard let text = String(validating: header, as: UTF8.self) else {
      throw invalid("the header is not UTF-8")
    }
    var limits = FormatLimits(maximumOptionValues: maximumValues)
    limits.maximumStringBytes = maximumCount
    do throws(FormatError) {
      guard header.first == UInt8(ascii: "{"),
        case .object(let members) = try JSONValue.parse(text: text, limits: limits)
      else {
        throw FormatError(.malformed, "it is not an object")
      }
      return members
    } catch {
      throw invalid("the header: \(error.detail)\(error.path.map { ", at \(quoted($0))" } ?? "")")
    }
  }

  private static func texts(_ value: JSONValue) throws(UNetError) -> [(String, String)] {
    guard case .object(let members) = value else {
      throw invalid("\(Safetensors.metadataName) is not an object")
    }
    var texts: [(String, String)] = []
    for member in members {
      guard case .string(let text) = member.value else {
        throw invalid("the metadata's \(quoted(member.name)) is not a text")
      }
      texts.append((member.name, text))
    }
    return texts
  }

  private static func entry(_ tensor: JSONMember) throws(UNetError) -> Entry {
    let name = quoted(tensor.name)
    guard case .object(let members) = tensor.value else { throw invalid("tensor \(name) is not an object") }
    func value(_ key: String) throws(UNetError) -> JSONValue {
      guard let member = members.first(where: { $0.name == key }) else {
        throw invalid("tensor \(name) has no \(key)")
      }
      return member.value
    }
    func numbers(_ key: String) throws(UNetError) -> [Int] {
      guard case .array(let values) = try value(key) else {
        throw invalid("\(key) of tensor \(name) is not an array")
      }
      let numbers = values.compactMap(count)
      guard numbers.count == values.count else {
        throw invalid("\(key) of tensor \(name) is not made of whole numbers that are not negative")
      }
      return numbers
    }
    guard case .string(let type) = try value("dtype") else {
      throw invalid("dtype of tensor \(name) is not a text")
    }
    guard type == "F32" else {
      throw invalid("tensor \(name) has dtype \(quoted(type)); only F32 can be read")
    }
    let (shape, offsets) = (try numbers("shape"), try numbers("data_offsets"))
    guard offsets.count == 2, offsets[0] <= offsets[1] else {
      throw invalid("data_offsets of tensor \(name) are not two rising numbers")
    }
    guard let bytes = byteCount(shape), bytes == offsets[1] - offsets[0] else {
      throw invalid(
        "tensor \(name) has shape \(shape), which does not take the \(offsets[1] - offsets[0]) bytes of its data_offsets"
      )
    }
    return Entry(name: tensor.name, shape: shape, range: offsets[0]..<offsets[1])
  }

  /// A whole number that float64 is sure to hold.
  private static func count(_ value: JSONValue) -> Int? {
    guard case .number(let number) = value, number >= 0, number <= 0x1p53 else { return nil }
    return Int(exactly: number)
  }

  /// Bytes of the elements; nil where there are too many to count.
  private static func byteCount(_ shape: [Int]) -> Int? {
    var bytes = MemoryLayout<Float>.size
    for extent in shape {
      let (product, isOverflow) = bytes.multipliedReportingOverflow(by: extent)
      guard !isOverflow else { return nil }
      bytes = product
    }
    return bytes
  }

  /// A name from a file, safe to show.
  private static func quoted(_ name: String) -> String { String(reflecting: name) }

  private static func invalid(_ detail: String) -> UNetError { UNetError(.model, detail) }
}
