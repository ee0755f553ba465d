import Dispatch
import GRDB
import Glibc

/// The store of one machine: a file, through GRDB.
///
/// Several processes may use it at once. It is in WAL mode, and synchronous=FULL puts every transaction on the disk before it
/// is acknowledged.
final class SQLiteDatabase: Database {
  let dialect = Dialect(
    now: "CAST((julianday('now') - 2440587.5) * 86400000 AS INTEGER)", locking: "", lockingFree: "",
    exclusion: nil)
  private let pool: DatabasePool
  private let watcher: SQLiteWatcher

  /// Opens the file at `path`, making it where it is missing.
  init(path: String) throws(StoreError) {
    var configuration = Configuration()
    configuration.busyMode = .timeout(30)
    configuration.prepareDatabase { database in
      try database.execute(sql: "PRAGMA synchronous = FULL")
    }
    do {
      pool = try DatabasePool(path: path, configuration: configuration)
      watcher = try SQLiteWatcher(path: path)
    } catch {
      throw Self.failure(error, path)
    }
  }

  func read<Result>(
    _ body: (any Statements) throws(StoreError) -> Result
  ) throws(StoreError) -> Result {
    do { return try pool.read { try body(SQLiteStatements(database: $0)) } } catch {
      throw Self.failure(error)
    }
  }

  func write<Result>(
    _ body: (any Statements) throws(StoreError) -> Result
  ) throws(StoreError) -> Result {
    do { return try pool.write { try body(SQLiteStatements(database: $0)) } } catch {
      throw Self.failure(error)
    }
  }

  func observe(_ onChange: @escaping @Sendable (String?) -> Void) -> any AnyObject & Sendable {
    watcher.observe { onChange(nil) }
  }

  fileprivate static func failure(_ error: any Error, _ path: String? = nil) -> StoreError {
    if let error = error as? StoreError { return error }
    let place = path.map { "\($0): " } ?? ""
    guard let error = error as? DatabaseError else { return StoreError(.unavailable, "\(place)\(error)") }
    let isLasting = [.SQLITE_CORRUPT, .SQLITE_NOTADB, .SQLITE_ERROR].contains(error.resultCode)
    return StoreError(
      isLasting ? .invalid : .unavailable, "\(place)SQLite: \(error.message ?? "\(error.resultCode)")")
  }
}

private struct SQLiteStatements: Statements {
  let database: GRDB.Database

  func run(_ sql: String, _ parameters: [SQLValue]) throws(StoreError) -> [[SQLValue]] {
    do {
      // SQLite numbers its parameters by "?".
      let statement = try database.cachedStatement(sql: sql.replacing("$", with: "?"))
      let values = StatementArguments(parameters.map(\.databaseValue))
      return try Row.fetchAll(statement, arguments: values).map { row in
        row.databaseValues.map(SQLValue.init(databaseValue:))
      }
    } catch {
      throw SQLiteDatabase.failure(error)
    }
  }

  // Every commit changes the file's version, which the watcher sees.
  func announce(_ job: String) {}
}

extension SQLValue {
  fileprivate var databaseValue: DatabaseValue {
    switch self {
    case .null: .null
    case .integer(let number): number.databaseValue
    case .text(let text): text.databaseValue
    }
  }

  fileprivate init(databaseValue value: DatabaseValue) {
    switch value.storage {
    case .int64(let number): self = .integer(Int(number))
    case .string(let text): self = .text(text)
    case .null, .double, .blob: self = .null
    }
  }
}

/// Looks ten times a second whether another connection, of this or another process, has changed the file; while somebody
/// wants to know.
private final class SQLiteWatcher: Sendable {
  final class Observation: Sendable {
    let onChange: @Sendable () -> Void
    init(_ onChange: @escaping @Sendable () -> Void) { self.onChange = onChange }
  }

  private final class Weak {
    weak var observation: Observation?
    init(_ o: Observation) { observation = o }
  }

  private let connection: DatabaseQueue
  private let queue = DispatchQueue(label: "hausdorffd.sqlite-watcher")
  private nonisolated(unsafe) var observations: [Weak] = []
  private nonisolated(unsafe) var version: Int?
  private nonisolated(unsafe) var isLooking = false

  init(path: String) throws { connection = try DatabaseQueue(path: path) }

  func observe(_ onChange: @escaping @Sendable () -> Void) -> Observation {
    let observation = Observation(onChange)
    queue.async { [self] in
      observations.append(Weak(observation))
      if !isLooking {
        isLooking = true
        version = nil
        look()
      }
    }
    return observation
  }

  /// On the queue, which alone touches what may change.
  private func look() {
    observations.removeAll { $0.observation == nil }
    guard !observations.isEmpty else {
      isLooking = false
      return
    }
    // A file that cannot be read just now tells nothing; the next look may.
    if let now = try? connection.read({ try Int.fetchOne($0, sql: "PRAGMA data_version") }) {
      if let version, version != now { for weak in observations { weak.observation?.onChange() } }
      version = now
    }
    queue.asyncAfter(deadline: .now() + .milliseconds(100)) { [weak self] in self?.look() }
  }
}
