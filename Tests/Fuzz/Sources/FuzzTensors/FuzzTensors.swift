import FuzzInput
import MaskFormats

@main struct FuzzTensors {
  static func main() {
    run { start, count in
      guard count >= 2, let start else { return 0 }
      // How much of the rest is JSON; all of it where that is more.
      let length = Int(start[0]) | Int(start[1]) << 8
      let textCount = length > count - 2 ? nil : length
      let verdicts = [0, 64].map {
        FuzzTensors.verdict(on: FuzzInput(start + 2, count: count - 2, paddingCount: $0), textCount)
      }
      precondition(verdicts[0] == verdicts[1])
      return 0
    }
  }

  /// Why the input is refused; nil where it is read.
  static func verdict(on input: FuzzInput, _ textCount: Int?) -> FormatError? {
    do throws(FormatError) {
      let request = try TensorRequest.parse(input, textCount: textCount, limits: fuzzLimits)
      for tensor in request.inputs { check(tensor.array) }
      precondition(Set(request.inputs.map(\.name)).count == request.inputs.count)
      precondition(Set((request.outputs ?? []).map(\.name)).count == (request.outputs ?? []).count)
      let bytes = request.inputs.reduce(0) { $0 + ($1.isBinary ? $1.array.byteCount : 0) }
      precondition(bytes == input.count - (textCount ?? input.count))
      return nil
    } catch {
      check(error)
      return error
    }
  }
}
