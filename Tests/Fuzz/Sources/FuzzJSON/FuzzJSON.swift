import CJSONOracle
import FuzzInput
import MaskFormats

@main struct FuzzJSON {
  static func main() {
    run { start, count in
      // With its own padding, and through the copy that adds one: both must say the same.
      let verdicts = [0, 64].map { FuzzJSON.verdict(on: FuzzInput(start, count: count, paddingCount: $0)) }
      precondition(verdicts[0] == verdicts[1])
      if case .read = verdicts[0] { precondition(oracle_accepts(start, count)) }
      return 0
    }
  }

  /// What the reader says of `input`: of the whole, where it is no request, or else of each array of a list.
  enum Verdict: Equatable {
    case refused(FormatError)
    case read([FormatError?])
  }

  /// A list may hold thousands of arrays that take next to no text.
  static let listLimits = FormatLimits(maximumBytes: 1 << 12)

  static func verdict(on input: FuzzInput) -> Verdict {
    do throws(FormatError) {
      let request = try JSONRequest.parse(
        input, arrayNames: ["y_true", "y_pred"], listName: "pairs", limits: fuzzLimits)
      for array in request.arrays.values { check(array) }
      precondition(Set(request.options.map(\.name)).count == request.options.count)
      return .read((request.list ?? []).flatMap(decoded))
    } catch {
      check(error)
      return .refused(error)
    }
  }

  /// What is at fault with an object of a list, or with each of its arrays.
  static func decoded(_ element: JSONRequest.Element) -> [FormatError?] {
    do throws(FormatError) {
      let arrays = try element.get()
      precondition(Set(arrays.keys).isSubset(of: ["y_true", "y_pred"]))
      return arrays.sorted { $0.key < $1.key }.map { _, encoded in
        do throws(FormatError) {
          check(try encoded.array(limits: listLimits))
          return nil
        } catch {
          check(error)
          return error
        }
      }
    } catch {
      check(error)
      return [error]
    }
  }
}
