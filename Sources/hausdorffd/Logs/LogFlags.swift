import ArgumentParser
import Logging

/// Options of the commands that log.
struct LogFlags: ParsableArguments {
  enum Format: String, CaseIterable, ExpressibleByArgument {
    case json, text
  }

  static let environmentOptions = ["log-level", "log-format"]

  @Option(help: "The least severe messages to log: trace, debug, info, notice, warning, error or critical.")
  var logLevel = "info"
  @Option(help: "How to log on standard error: json, an object a line, or text for people.")
  var logFormat = Format.json

  func validate() throws {
    guard Logger.Level(rawValue: logLevel) != nil else {
      throw ValidationError(
        "--log-level '\(logLevel)' is not one of \(Logger.Level.allCases.map(\.rawValue).joined(separator: ", "))"
      )
    }
  }

  var logger: Logger {
    var logger = Logger(label: "hausdorffd") { label -> any LogHandler in
      if logFormat == .json { JSONLogHandler() } else { StreamLogHandler.standardError(label: label) }
    }
    logger.logLevel = Logger.Level(rawValue: logLevel) ?? .info
    return logger
  }
}
