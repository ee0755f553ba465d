/// A request of the Open Inference Protocol (KServe's and Triton's V2): named tensors, their numbers in a JSON text or as
/// bytes behind it, and what is wanted of them.
public struct TensorRequest: Sendable {
  /// A tensor that was sent.
  public struct Input: Sendable {
    public let name: String
    /// Its elements; where they came as bytes, these lie where they came, at any alignment.
    public let array: NumericArray
    /// Whether its elements came as bytes behind the JSON text.
    public let isBinary: Bool
  }

  /// A tensor that is asked for.
  public struct Output: Sendable {
    public let name: String
    /// Whether it is wanted as bytes; nil where that is not said.
    public let isBinary: Bool?
  }

  /// What the client calls the request.
  public let id: String?
  /// In their order, no name twice.
  public let inputs: [Input]
  /// In their order, no name twice; nil where all are wanted.
  public let outputs: [Output]?
  /// Options, no name twice.
  public let parameters: [JSONMember]

  /// Most tensors that are sent or asked for.
  static let maximumCount = 16

  /// Reads the whole of `source` as one request.
  ///
  /// - Parameter textCount: how many of the bytes are JSON, where the rest are tensors; nil where all are.
  /// - Throws: `FormatError` with the JSON pointer of what is at fault, also where the tensors together are not as long as
  ///   the rest.
  public static func parse(
    _ source: any ByteSource, textCount: Int?, limits: FormatLimits = FormatLimits()
  ) throws(FormatError) -> TensorRequest {
    let count = textCount ?? source.count
    guard (0...source.count).contains(count) else {
      throw FormatError(.malformed, "the JSON text has \(count) bytes, but the body only \(source.count)")
    }
    let text = try source.withPaddedText { (bytes) throws(FormatError) in
      let cursor = try JSONCursor(UnsafeRawBufferPointer(rebasing: bytes[..<count]))
      return try TensorText(cursor, limits)
    }
    var inputs: [Input] = []
    var end = count
    for (number, tensor) in text.inputs.enumerated() {
      do throws(FormatError) {
        guard !inputs.contains(where: { $0.name == tensor.name }) else {
          throw FormatError(.malformed, "'\(tensor.name.prefix(40))' is given twice", path: "/name")
        }
        inputs.append(try tensor.input(of: source, from: &end, hasBytes: textCount != nil, limits))
      } catch {
        throw error.at("/inputs/\(number)")
      }
    }
    guard end == source.count else {
      throw FormatError(
        .malformed,
        "the body has \(source.count - count) bytes behind the JSON text, of which the inputs take \(end - count)"
      )
    }
    return TensorRequest(id: text.id, inputs: inputs, outputs: text.outputs, parameters: text.parameters)
  }
}

extension TensorText.Tensor {
  /// The tensor with its elements, which are taken from `end` on where they came as bytes.
  fileprivate func input(
    of source: any ByteSource, from end: inout Int, hasBytes: Bool, _ limits: FormatLimits
  ) throws(FormatError) -> TensorRequest.Input {
    switch (numbers, byteCount) {
    case (let numbers?, nil):
      do throws(FormatError) {
        let array = try numbers.tensor(shape: shape, type: type, limits: limits)
        return TensorRequest.Input(name: name, array: array, isBinary: false)
      } catch {
        throw error.at("/data")
      }
    case (nil, let byteCount?):
      guard hasBytes else {
        throw FormatError(
          .malformed, "has a binary_data_size, which needs the header Inference-Header-Content-Length")
      }
      guard byteCount <= source.count - end else {
        throw FormatError(
          .malformed,
          "has a binary_data_size of \(byteCount), but the body has \(source.count - end) bytes left")
      }
      let array = try Raw.array(
        source, range: end..<end + byteCount, shape: shape, type: type, limits: limits)
      end += byteCount
      return TensorRequest.Input(name: name, array: array, isBinary: true)
    case (.some, .some): throw FormatError(.malformed, "has both 'data' and a binary_data_size")
    case (nil, nil): throw FormatError(.malformed, "has neither 'data' nor a binary_data_size")
    }
  }
}
