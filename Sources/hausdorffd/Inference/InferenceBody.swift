import HTTPServer
import Hausdorff
import MaskFormats

/// The body of an inference: tensors, options, and which tensors are wanted how.
struct InferenceBody {
  /// A tensor of the answer, and whether it goes as bytes.
  struct Wanted {
    let name: String
    let isBinary: Bool
  }

  private static let lengthHeader = "Inference-Header-Content-Length"
  /// Parameters of Triton's that mean nothing here, or are heeded before options are looked at.
  private static let reserved = [
    "sequence_id", "sequence_start", "sequence_end", "priority", "timeout", "headers", "binary_data_output",
  ]
  private static let reservedPrefix = "triton_"
  static let pointer = "/parameters"

  let id: String?
  private let inputs: [TensorRequest.Input]
  private let outputs: [TensorRequest.Output]?
  private let parameters: [JSONMember]

  /// How many bytes of a body are JSON: nil for all of it, 0 for none.
  static func textCount(_ head: RequestHead) throws(Problem) -> Int? {
    guard let field = head.header(lengthHeader) else { return nil }
    guard let count = Int(field), count >= 0, field.utf8.allSatisfy({ (48...57).contains($0) }) else {
      throw Problem(
        RequestError(.parameter(lengthHeader), "'\(field.prefix(40))' is not a number of bytes", status: 400))
    }
    return count
  }

  /// Reads a body that has JSON.
  init(_ request: Request, textCount: Int?, _ limits: FormatLimits) throws(Problem) {
    do throws(FormatError) {
      let parsed = try TensorRequest.parse(request.body, textCount: textCount, limits: limits)
      (id, inputs, parameters) = (parsed.id, parsed.inputs, parsed.parameters)
      // None by name are all, as Triton has it.
      outputs = parsed.outputs?.isEmpty == true ? nil : parsed.outputs
    } catch {
      throw Problem(error, at: nil)
    }
  }

  /// Bytes that tensors take beside the body.
  var decodedBytes: Int { inputs.reduce(0) { $0 + ($1.isBinary ? 0 : $1.array.byteCount) } }

  /// The tensors of those names, in their order; there may be no others.
  func arrays(_ names: [String]) throws(RequestError) -> [NumericArray] {
    if let index = inputs.firstIndex(where: { !names.contains($0.name) }) {
      throw RequestError(
        .pointer("/inputs/\(index)/name"),
        "'\(inputs[index].name.prefix(40))' is not an input of the model, which has \(names.joined(separator: " and "))"
      )
    }
    return try names.map { (name) throws(RequestError) in
      guard let input = inputs.first(where: { $0.name == name }) else {
        throw RequestError(.pointer("/inputs"), "lack '\(name)'")
      }
      return input.array
    }
  }

  /// Whether a tensor was asked for by its name; nil where none was.
  func asks(for name: String) -> Bool? { outputs.map { $0.contains { $0.name == name } } }

  /// What is wanted of the tensors that there may be.
  func wanted(of names: [String]) throws(RequestError) -> [Wanted] {
    let isBinary = try isBinaryUsually
    guard let outputs else { return names.map { Wanted(name: $0, isBinary: isBinary) } }
    if let index = outputs.firstIndex(where: { !names.contains($0.name) }) {
      throw RequestError(
        .pointer("/outputs/\(index)/name"),
        "'\(outputs[index].name.prefix(40))' is not an output of the model, which has \(names.joined(separator: " and "))"
      )
    }
    return outputs.map { Wanted(name: $0.name, isBinary: $0.isBinary ?? isBinary) }
  }

  private var isBinaryUsually: Bool {
    get throws(RequestError) {
      try OptionList(parameters: parameters, at: Self.pointer)["binary_data_output"]?.boolean() ?? false
    }
  }

  /// The parameters that are options, none but `known` ones.
  func options(known: [String]) throws(RequestError) -> OptionList {
    let meant = parameters.filter {
      !Self.reserved.contains($0.name) && !$0.name.hasPrefix(Self.reservedPrefix)
    }
    var options = OptionList(parameters: meant, at: Self.pointer)
    let taken = options.takeAll(known)
    try options.refuseRest(known: known)
    return taken
  }
}
