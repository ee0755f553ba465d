import FuzzInput
import MaskFormats

@main struct FuzzRLE {
  static func main() {
    run { start, count in
      // The first two bytes are the size, the rest is the string of counts, or a list of them.
      guard let start, count >= 2 else { return 0 }
      let (height, width) = (Int(start[0]), Int(start[1]))
      let rest = UnsafeBufferPointer(start: start + 2, count: count - 2)
      FuzzRLE.decode(height, width, #"""# + FuzzRLE.escaped(rest) + #"""#)
      let numbers = rest.map { String($0) }.joined(separator: ",")
      if let values = FuzzRLE.decode(height, width, "[\(numbers)]") {
        precondition(values == FuzzRLE.painted(rest.map { Int($0) }, height, width))
      }
      return 0
    }
  }

  /// The elements; nil where they are refused.
  @discardableResult static func decode(_ height: Int, _ width: Int, _ counts: String) -> [UInt8]? {
    let json = #"{"y_true":{"rle":{"size":[\#(height),\#(width)],"counts":\#(counts)}}}"#
    do throws(FormatError) {
      let source = FuzzInput(Array(json.utf8))
      let array = try JSONRequest.parse(source, arrayNames: ["y_true"], limits: fuzzLimits).arrays["y_true"]!
      check(array)
      precondition(array.shape == [height, width])
      let values = array.withBytes { bytes in bytes.withUnsafeBytes { Array($0) } }
      precondition(values.allSatisfy { $0 <= 1 })
      return values
    } catch {
      check(error)
      precondition(error.path?.hasPrefix("/y_true") == true)
      return nil
    }
  }

  static func painted(_ counts: [Int], _ height: Int, _ width: Int) -> [UInt8] {
    let columns = counts.enumerated().flatMap { Array(repeating: UInt8($0 % 2), count: $1) }
    return (0..<height * width).map { columns[$0 % width * height + $0 / width] }
  }

  /// Bytes as text of JSON: those that are no plain ASCII as escapes.
  static func escaped(_ bytes: UnsafeBufferPointer<UInt8>) -> String {
    bytes.map { byte in
      let isPlain = (0x20..<0x7F).contains(byte) && byte != UInt8(ascii: "\"") && byte != UInt8(ascii: "\\")
      let digits = String(byte, radix: 16)
      return isPlain ? String(UnicodeScalar(byte)) : "\\u00" + (digits.count == 1 ? "0" : "") + digits
    }.joined()
  }
}
