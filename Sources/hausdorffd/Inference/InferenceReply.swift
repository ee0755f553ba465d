import HTTPServer
import Hausdorff
import MaskFormats

/// The answer to an inference: tensors, in JSON or as bytes behind it.
struct InferenceReply {
  struct Output {
    let name: String
    let isBinary: Bool
    let shape: [Int]
    let values: Values

    init(_ wanted: InferenceBody.Wanted, shape: [Int], _ values: Values) {
      (name, isBinary) = (wanted.name, wanted.isBinary)
      (self.shape, self.values) = (shape, values)
    }
  }

  enum Values {
    case doubles([Double])
    case floats([Float])
    /// float32
    case gradient(Body)

    var type: ScalarType { if case .doubles = self { .float64 } else { .float32 } }

    func withBytes<Result>(_ body: (RawSpan) -> Result) -> Result {
      switch self {
      case .doubles(let values): body(values.span.bytes)
      case .floats(let values): body(values.span.bytes)
      case .gradient(let values): values.withBytes(body)
      }
    }
  }

  let model: InferenceModel
  let id: String?
  let outputs: [Output]
  /// Which masks were empty, where that was looked at.
  var empties: EmptyMasks?
  var warnings: [String] = []

  /// The response, packed by `coding` if there is one.
  func response(_ coding: Compressed.Encoding?) throws(Problem) -> Response {
    let text = text
    var response = Response.json(.bytes(text))
    if outputs.contains(where: \.isBinary) {
      guard let body = joined(text) else { throw .noRoom }
      response = Response(
        contentType: ArrayBody.rawType, headers: ["Inference-Header-Content-Length": "\(text.count)"],
        content: .body(body))
    }
    guard let coding else { return response }
    do throws(FormatError) {
      switch response.content {
      case .body(let body):
        response.content = .bytes(
          try body.withBytes { (bytes) throws(FormatError) in
            try Compressed.encode(bytes, coding)
          })
      default: response.content = .bytes(try Compressed.encode(text.span.bytes, coding))
      }
    } catch {
      throw .noRoom
    }
    response.headers.append("Content-Encoding", coding.rawValue)
    return response
  }

  /// Bytes that each value of an output takes while the response is made, at most.
  static func bytes(for wanted: InferenceBody.Wanted, _ type: ScalarType, isPacked: Bool) -> Int {
    // A number may be 16 characters for 4 bytes, or 24 for 8, in a text that doubles as it grows and is copied.
    type.byteCount * (wanted.isBinary ? 1 : 16) * (isPacked ? 3 : 1)
  }

  private func joined(_ text: [UInt8]) -> Body? {
    // All but the largest is copied twice.
    let binary = outputs.filter(\.isBinary)
    func size(_ output: Output) -> Int { output.values.withBytes { $0.byteCount } }
    let largest = binary.indices.max { size(binary[$0]) < size(binary[$1]) }!
    func bytes(_ outputs: ArraySlice<Output>) -> [UInt8] {
      outputs.flatMap { output in output.values.withBytes { $0.withUnsafeBytes { Array($0) } } }
    }
    return binary[largest].values.withBytes {
      Body(text + bytes(binary[..<largest]), $0, bytes(binary[(largest + 1)...]))
    }
  }

  private var text: [UInt8] {
    var json = JSONWriter()
    json.object { json in
      json.member("model_name", model.name)
      json.member("model_version", InferenceModel.version)
      if let id { json.member("id", id) }
      writeParameters(to: &json)
      json.member("outputs") { json in json.array(outputs) { json, output in write(output, to: &json) } }
    }
    return json.bytes
  }

  /// An empty mask is never silent.
  private func writeParameters(to json: inout JSONWriter) {
    let found = EmptySide.allCases.filter { (empties?.count($0) ?? 0) > 0 }
    guard !found.isEmpty || !warnings.isEmpty else { return }
    json.member("parameters") { json in
      json.object { json in
        for side in found { json.member("empty_\(side.rawValue)", empties?.count(side) ?? 0) }
        // Parameters are numbers, booleans and texts.
        if !warnings.isEmpty { json.member("warnings", warnings.joined(separator: "; ")) }
      }
    }
  }

  private func write(_ output: Output, to json: inout JSONWriter) {
    json.object { json in
      json.member("name", output.name)
      json.member("datatype", output.values.type.tensorName)
      json.member("shape") { $0.array(output.shape) { $0.value($1) } }
      if output.isBinary {
        let count = output.values.withBytes { $0.byteCount }
        json.member("parameters") { $0.object { $0.member("binary_data_size", count) } }
        return
      }
      json.member("data") { json in
        switch output.values {
        case .doubles(let values): json.array(values) { $0.value($1) }
        case .floats(let values): json.array(values) { $0.value($1) }
        case .gradient(let body):
          let count = body.count / MemoryLayout<Float>.size
          json.array(0..<count) { json, index in
            json.value(
              body.withBytes {
                $0.unsafeLoadUnaligned(fromByteOffset: index * MemoryLayout<Float>.size, as: Float.self)
              })
          }
        }
      }
    }
  }
}

extension JSONWriter {
  /// Writes a float32 with the fewest digits that read back to it.
  fileprivate mutating func value(_ number: Float) {
    if number.isFinite { raw(number.description) } else { value(Double(number)) }
  }
}
