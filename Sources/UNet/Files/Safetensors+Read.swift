extension Safetensors {
  /// Most bytes of a file: a checkpoint of the largest architecture takes about a third.
  private static let maximumCount = 16 << 30

  /// Reads a file, which may come from anywhere.
  ///
  /// - Parameter isWanted: whether the tensor of a name is to be read; all are checked.
  /// - Throws: `UNetError.model` for whatever the format does not allow, for tensors that are not float32, and for headers
  ///   and files far beyond those of any network; `UNetError.system` where the file cannot be read.
  public static func read(
    path: String, where isWanted: (String) -> Bool = { _ in true }
  ) throws(UNetError) -> Safetensors {
    let file = try InputFile(path: path)
    func invalid(_ detail: String) -> UNetError { UNetError(.model, "\(path): \(detail)") }
    let prefix = MemoryLayout<UInt64>.size
    guard file.count >= prefix else {
      throw invalid(
        "\(file.count) bytes are no safetensors file; its first \(prefix) are the header's length")
    }
    guard file.count <= maximumCount else {
      throw invalid("the file has \(file.count) bytes; the most is \(maximumCount)")
    }
    let length = try file.bytes(at: 0, count: prefix).reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
    guard length <= SafetensorsHeader.maximumCount else {
      throw invalid("the header's length is \(length) bytes; the most is \(SafetensorsHeader.maximumCount)")
    }
    let start = prefix + Int(length)
    guard start <= file.count else {
      throw invalid("the header's length is \(length) bytes, but only \(file.count - prefix) follow")
    }
    let header: SafetensorsHeader
    do throws(UNetError) {
      header = try SafetensorsHeader(
        file.bytes(at: prefix, count: Int(length)), dataCount: file.count - start)
    } catch {
      throw error.kind == .model ? invalid(error.detail) : error
    }
    var result = Safetensors(metadata: header.metadata)
    for entry in header.entries where isWanted(entry.name) {
      let values = try file.floats(at: start + entry.range.lowerBound, count: entry.range.count / 4)
      result.tensors.append(Tensor(name: entry.name, shape: entry.shape, values: values))
    }
    return result
  }
}
