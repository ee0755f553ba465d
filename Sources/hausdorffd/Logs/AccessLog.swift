import ArgumentParser
import HTTPServer
import Logging

/// Logs requests that have ended: never their query, a header's value, a body or a token.
struct AccessLog: Sendable {
  enum Choice: String, CaseIterable, ExpressibleByArgument {
    case none, errors, all
  }

  let choice: Choice
  let logger: Logger

  func observe(_ record: RequestRecord) {
    let status = record.status ?? 0
    let level: Logger.Level = status >= 500 ? .warning : .info
    guard choice == .all || choice == .errors && (status >= 400 || status == 0), logger.logLevel <= level
    else {
      return
    }
    var metadata: Logger.Metadata = [
      "request_id": .string(record.head.id), "method": .string(record.head.method.label),
      "path": .string(record.head.path), "client": .string(record.client),
      "seconds": .stringConvertible(Double(record.duration.nanoseconds / 1000) / 1e6),
      "received_bytes": .stringConvertible(record.receivedBytes),
      "sent_bytes": .stringConvertible(record.sentBytes),
    ]
    if let route = record.route { metadata["route"] = .string(route.path) }
    if let status = record.status { metadata["status"] = .stringConvertible(status) }
    if let account = record.visitor?.account { metadata["account"] = .string(account) }
    metadata.merge(record.head.traceMetadata) { $1 }
    logger.log(
      level: level, record.status == nil ? "a request ended without an answer" : "request",
      metadata: metadata)
  }

  func observeUnreadable(status: Int) {
    guard choice != .none else { return }
    logger.info("a request could not be read", metadata: ["status": .stringConvertible(status)])
  }
}

extension RequestHead {
  /// What joins a line of the log to the trace that the request belongs to.
  var traceMetadata: Logger.Metadata {
    guard let trace = header("traceparent").flatMap({ TraceParent($0) }) else { return [:] }
    return ["trace_id": .string(trace.traceID), "parent_id": .string(trace.parentID)]
  }

  /// What joins a line of the log to the request, and to its trace.
  var logMetadata: Logger.Metadata {
    traceMetadata.merging(["request_id": .string(id)]) { $1 }
  }
}
