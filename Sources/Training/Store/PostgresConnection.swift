import CLibpq
import Glibc

/// One connection to a PostgreSQL server, used by one thread at a time (libpq).
final class PostgresConnection {
  /// What a statement failed with.
  struct Failure: Error {
    /// SQLSTATE, or nothing where the connection is lost.
    let code: String?
    let message: String

    /// Whether the transaction may be tried again: serialization_failure, deadlock_detected.
    var isRetryable: Bool { code == "40001" || code == "40P01" }
  }

  private let handle: OpaquePointer

  /// Connects to what a URL (`postgres://…`) or a list of keywords names. PQconnectdbParams
  init(_ address: String) throws(Failure) {
    // What the address says comes behind, so that it wins.
    let settings = [
      ("fallback_application_name", "hausdorffd"), ("connect_timeout", "5"), ("keepalives_idle", "10"),
      ("keepalives_interval", "5"), ("keepalives_count", "2"), ("tcp_user_timeout", "15000"),
      ("client_encoding", "UTF8"), ("options", "-c statement_timeout=15s -c lock_timeout=10s"),
      ("dbname", address),
    ]
    let words = settings.map { (strdup($0.0), strdup($0.1)) }
    defer {
      for (name, value) in words {
        free(name)
        free(value)
      }
    }
    let names = words.map { UnsafePointer($0.0) } + [nil]
    let values = words.map { UnsafePointer($0.1) } + [nil]
    guard let handle = PQconnectdbParams(names, values, 1) else {
      throw Failure(code: nil, message: "out of memory")
    }
    self.handle = handle
    // It would print them.
    PQsetNoticeProcessor(handle, { _, _ in }, nil)
    guard PQstatus(handle) == CONNECTION_OK else { throw lost() }
  }

  deinit { PQfinish(handle) }

  /// Whether an address can be told apart into its settings. PQconninfoParse
  static func canRead(_ address: String) -> Bool {
    let settings = PQconninfoParse(address, nil)
    defer { PQconninfoFree(settings) }
    return settings != nil
  }

  /// Runs one statement. PQexecParams
  func run(_ sql: String, _ parameters: [SQLValue] = []) throws(Failure) -> [[SQLValue]] {
    let texts = parameters.map { parameter in
      switch parameter {
      case .null: nil as UnsafeMutablePointer<CChar>?
      case .integer(let number): strdup("\(number)")
      case .text(let text): strdup(text)
      }
    }
    defer { for text in texts { free(text) } }
    let types = parameters.map { parameter in
      switch parameter {
      case .null: 0 as Oid
      case .integer: Self.int8
      case .text: Self.text
      }
    }
    let result = PQexecParams(
      handle, sql, Int32(parameters.count), types, texts.map { UnsafePointer($0) }, nil, nil, 0)
    guard let result else { throw lost() }
    defer { PQclear(result) }
    let status = PQresultStatus(result)
    guard status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK else {
      let code = PQresultErrorField(result, Int32(UInt8(ascii: "C"))).map { String(cString: $0) }
      guard let code, PQstatus(handle) == CONNECTION_OK else { throw lost() }
      throw Failure(code: code, message: Self.line(PQresultErrorMessage(result)))
    }
    return (0..<PQntuples(result)).map { row in
      (0..<PQnfields(result)).map { column in Self.value(result, row, column) }
    }
  }

  /// Payloads of the notifications that come within so many milliseconds; at the first, it returns.
  func notifications(within milliseconds: Int32) throws(Failure) -> [String] {
    var entry = pollfd(fd: PQsocket(handle), events: Int16(POLLIN), revents: 0)
    guard poll(&entry, 1, milliseconds) >= 0 || errno == EINTR else { throw lost() }
    guard PQconsumeInput(handle) == 1 else { throw lost() }
    var payloads: [String] = []
    while let notification = PQnotifies(handle) {
      payloads.append(String(cString: notification.pointee.extra))
      PQfreemem(notification)
    }
    return payloads
  }

  private func lost() -> Failure { Failure(code: nil, message: Self.line(PQerrorMessage(handle))) }

  // Numbers of built-in types (pg_type.dat).
  private static let int8: Oid = 20
  private static let text: Oid = 25
  private static let integers: Set<Oid> = [20, 21, 23]

  private static func value(_ result: OpaquePointer, _ row: Int32, _ column: Int32) -> SQLValue {
    guard PQgetisnull(result, row, column) == 0, let characters = PQgetvalue(result, row, column) else {
      return .null
    }
    let text = String(cString: characters)
    return integers.contains(PQftype(result, column)) ? SQLValue(Int(text)) : .text(text)
  }

  /// A message on one line.
  private static func line(_ message: UnsafePointer<CChar>?) -> String {
    guard let message else { return "unknown" }
    return String(cString: message).split(whereSeparator: \.isNewline).joined(separator: "; ")
  }
}
