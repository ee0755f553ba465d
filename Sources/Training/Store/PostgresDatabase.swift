import Dispatch

/// The store that several machines share, on a PostgreSQL server.
///
/// Connections are made when they are needed, and again after they were lost.
final class PostgresDatabase: Database {
  let dialect = Dialect(
    now: "CAST(extract(epoch FROM clock_timestamp()) * 1000 AS BIGINT)", locking: " FOR UPDATE",
    lockingFree: " FOR UPDATE SKIP LOCKED", exclusion: "SELECT pg_advisory_xact_lock(7310026)")
  static let channel = "hausdorffd"
  private static let connectionLimit = 8

  private let address: String
  private let listener: PostgresListener
  /// Lets as many transactions run as there may be connections.
  private let turns = DispatchSemaphore(value: connectionLimit)
  private let queue = DispatchQueue(label: "hausdorffd.postgres")
  /// Connections that nobody uses; touched on the queue only.
  private nonisolated(unsafe) var idle: [PostgresConnection] = []

  /// Connects to the database that a `postgres://` URL names.
  init(address: String) throws(StoreError) {
    // libpq's own words would show the password.
    guard PostgresConnection.canRead(address) else {
      throw StoreError(
        .invalid,
        "the URL of the store cannot be read; what is special in its password must be percent-encoded")
    }
    self.address = address
    listener = PostgresListener(address: address)
    idle = [try connect()]
  }

  func read<Result>(
    _ body: (any Statements) throws(StoreError) -> Result
  ) throws(StoreError) -> Result {
    try transaction("BEGIN READ ONLY", body)
  }

  func write<Result>(
    _ body: (any Statements) throws(StoreError) -> Result
  ) throws(StoreError) -> Result {
    try transaction("BEGIN", body)
  }

  func observe(_ onChange: @escaping @Sendable (String?) -> Void) -> any AnyObject & Sendable {
    listener.observe(onChange)
  }

  private func transaction<Result>(
    _ begin: String, _ body: (any Statements) throws(StoreError) -> Result
  ) throws(StoreError) -> Result {
    turns.wait()
    defer { turns.signal() }
    var attempts = 0
    while true {
      let connection = try began(begin)
      let statements = PostgresStatements(connection)
      do throws(StoreError) {
        let result = try body(statements)
        try statements.commit()
        queue.sync { idle.append(connection) }
        return result
      } catch {
        attempts += 1
        // Without a connection the server has rolled back by itself.
        guard let failure = statements.failure, failure.code != nil else {
          if statements.failure == nil { rollBack(connection) }
          throw error
        }
        rollBack(connection)
        guard failure.isRetryable, attempts < 10 else { throw error }
      }
    }
  }

  private func rollBack(_ connection: PostgresConnection) {
    do throws(PostgresConnection.Failure) {
      _ = try connection.run("ROLLBACK")
      queue.sync { idle.append(connection) }
    } catch {
      // Lost: it is not used again.
    }
  }

  /// A connection in a transaction. One that was lost while nobody used it is replaced.
  private func began(_ begin: String) throws(StoreError) -> PostgresConnection {
    while let connection = queue.sync(execute: { idle.popLast() }) {
      if (try? connection.run(begin)) != nil { return connection }
    }
    let connection = try connect()
    do throws(PostgresConnection.Failure) { _ = try connection.run(begin) } catch { throw StoreError(error) }
    return connection
  }

  private func connect() throws(StoreError) -> PostgresConnection {
    do throws(PostgresConnection.Failure) { return try PostgresConnection(address) } catch {
      throw StoreError(error)
    }
  }
}

private final class PostgresStatements: Statements {
  private let connection: PostgresConnection
  private(set) var failure: PostgresConnection.Failure?

  init(_ connection: PostgresConnection) { self.connection = connection }

  func run(_ sql: String, _ parameters: [SQLValue]) throws(StoreError) -> [[SQLValue]] {
    do throws(PostgresConnection.Failure) { return try connection.run(sql, parameters) } catch {
      failure = error
      throw StoreError(error)
    }
  }

  func announce(_ job: String) throws(StoreError) {
    _ = try run("SELECT pg_notify('\(PostgresDatabase.channel)', $1)", [.text(job)])
  }

  func commit() throws(StoreError) { _ = try run("COMMIT", []) }
}

extension StoreError {
  init(_ failure: PostgresConnection.Failure) {
    // Classes of SQLSTATE that another try may not meet: connections, resources, intervention, system, retries.
    let passing = ["08", "53", "57", "58", "40"]
    let isPassing = failure.code.map { code in passing.contains { code.hasPrefix($0) } } ?? true
    self.init(isPassing ? .unavailable : .invalid, "PostgreSQL: \(failure.message)")
  }
}
