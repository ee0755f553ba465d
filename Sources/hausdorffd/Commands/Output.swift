import ArgumentParser
import Glibc

/// Writing to standard output and standard error.
enum Output {
  /// Writes all of the bytes; stops where nobody reads any more.
  static func write(_ bytes: [UInt8], to descriptor: Int32 = STDOUT_FILENO) {
    var rest = bytes[...]
    while !rest.isEmpty {
      let count = rest.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
      guard count > 0 else { return }
      rest = rest.dropFirst(count)
    }
  }

  /// Writes a line to standard error, without what would command a terminal: names of files may be anybody's.
  static func complain(_ message: String) {
    let text = message.unicodeScalars.map { scalar in
      scalar.properties.generalCategory == .control && scalar != "\n" ? "\u{FFFD}" : String(scalar)
    }
    write(Array("hausdorffd: \(text.joined())\n".utf8), to: STDERR_FILENO)
  }

  /// Complains; the error to throw for an end with status 1.
  static func failure(_ message: String) -> ExitCode {
    complain(message)
    return .failure
  }
}
