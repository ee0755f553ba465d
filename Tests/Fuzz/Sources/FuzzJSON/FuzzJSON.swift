import CJSONOracle
import FuzzInput
import MaskFormats

@main struct FuzzJSON {
  static func main() {
    run { start, count in
      // With its own padding, and through the copy that adds one: both must say the same.
      let verdicts = [0, 64].map { FuzzJSON.verdict(on: FuzzInput(start, count: count, paddingCount: $0)) }
      precondition(verdicts[0] == verdicts[1])
      precondition(verdicts[0] != nil || oracle_accepts(start, count))
      return 0
    }
  }

  /// What the reader says of `input`; nil if it accepts it.
  static func verdict(on input: FuzzInput) -> FormatError? {
    do throws(FormatError) {
      let request = try JSONRequest.parse(input, arrayNames: ["y_true", "y_pred"], limits: fuzzLimits)
      request.arrays.values.forEach(check)
      precondition(Set(request.options.map(\.name)).count == request.options.count)
      return nil
    } catch {
      check(error)
      return error
    }
  }
}
