/// Named tensors of float32 and named texts, as a `.safetensors` file holds them.
///
/// The format (https://github.com/huggingface/safetensors): the header's length in 8 bytes, the header in JSON, and the
/// tensors' elements in C order without a gap; all little-endian.
public struct Safetensors: Sendable {
  /// An array with a name.
  public struct Tensor: Equatable, Sendable {
    /// Any but `__metadata__`; no tensor of a file has that of another.
    public var name: String
    /// Extents, outermost first; none for a single number.
    public var shape: [Int]
    /// Elements in C order.
    public var values: [Float]

    /// A tensor with a value for each element.
    public init(name: String, shape: [Int], values: [Float]) {
      precondition(
        shape.allSatisfy { $0 >= 0 } && shape.reduce(1, *) == values.count, "a value for each element")
      (self.name, self.shape, self.values) = (name, shape, values)
    }
  }

  /// Names and texts; no name comes twice.
  public var metadata: [(String, String)]
  /// In the order of the file's header, which is that of the elements too where we wrote it.
  public var tensors: [Tensor]

  /// A file's content, to be written.
  public init(metadata: [(String, String)] = [], tensors: [Tensor] = []) {
    (self.metadata, self.tensors) = (metadata, tensors)
  }

  /// The metadata's texts by name.
  public var entries: [String: String] { Dictionary(metadata) { $1 } }

  /// Writes a file, which is there whole or not at all.
  ///
  /// - Throws: `UNetError.system` where it cannot be written, such as on a full disk; a previous file of that name is then
  ///   as it was.
  public func write(to path: String) throws(UNetError) {
    let header = header
    try AtomicFile.write(to: path) { (file) throws(UNetError) in
      try file.append(withUnsafeBytes(of: UInt64(header.count).littleEndian) { Array($0) } + header)
      for tensor in tensors { try file.append(tensor.values) }
    }
  }

  /// The header, spaces behind it so that the elements begin at a multiple of 8 bytes.
  private var header: [UInt8] {
    var names: Set = [Self.metadataName]
    var members: [String] = []
    if !metadata.isEmpty {
      precondition(entries.count == metadata.count, "a name of its own for each text")
      let texts = metadata.map { "\(Self.quoted($0)):\(Self.quoted($1))" }
      members.append("\(Self.quoted(Self.metadataName)):{\(texts.joined(separator: ","))}")
    }
    var end = 0
    for tensor in tensors {
      precondition(names.insert(tensor.name).inserted, "a name of its own for each tensor")
      let start = end
      end += tensor.values.count * MemoryLayout<Float>.size
      members.append(
        "\(Self.quoted(tensor.name)):{\"dtype\":\"F32\",\"shape\":\(tensor.shape),\"data_offsets\":[\(start),\(end)]}"
      )
    }
    let text = Array("{\(members.joined(separator: ","))}".utf8)
    return text + [UInt8](repeating: UInt8(ascii: " "), count: (8 - text.count % 8) % 8)
  }

  /// The header's member that is no tensor.
  static let metadataName = "__metadata__"

  /// A text in JSON (RFC 8259).
  private static func quoted(_ text: String) -> String {
    var json = "\""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"", "\\": json += "\\\(scalar)"
      case "\u{0}"..."\u{1F}":
        let digits = String(scalar.value, radix: 16)
        json += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
      default: json.unicodeScalars.append(scalar)
      }
    }
    return json + "\""
  }
}
