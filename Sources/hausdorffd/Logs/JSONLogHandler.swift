import Glibc
import HTTPServer
import Logging

/// Writes each message as one JSON object on a line of standard error.
struct JSONLogHandler: LogHandler {
  var metadata: Logger.Metadata = [:]
  var metadataProvider: Logger.MetadataProvider?
  var logLevel = Logger.Level.info

  subscript(metadataKey key: String) -> Logger.Metadata.Value? {
    get { metadata[key] }
    set { metadata[key] = newValue }
  }

  func log(event: LogEvent) {
    var json = JSONWriter()
    json.object { json in
      json.member("time", Timestamp.now)
      json.member("level", event.level.rawValue)
      json.member("message", event.message.description)
      let metadata = metadata.merging(event.metadata ?? [:]) { $1 }
      for (key, value) in metadata.sorted(by: { $0.key < $1.key }) {
        json.member(key) { Self.write(value, to: &$0) }
      }
    }
    // One call a line, so that lines of several threads and processes do not mix.
    let line = json.bytes + [UInt8(ascii: "\n")]
    _ = Glibc.write(STDERR_FILENO, line, line.count)
  }

  private static func write(_ value: Logger.Metadata.Value, to json: inout JSONWriter) {
    switch value {
    case .string(let text): json.value(text)
    case .stringConvertible(let value as Int): json.value(value)
    case .stringConvertible(let value as Double): json.value(value)
    case .stringConvertible(let value): json.value(value.description)
    case .array(let values): json.array(values) { write($1, to: &$0) }
    case .dictionary(let members):
      json.object { json in
        for (key, value) in members.sorted(by: { $0.key < $1.key }) {
          json.member(key) { write(value, to: &$0) }
        }
      }
    }
  }
}
