/// What the store needs of a database: transactions of SQL that both kinds understand.
///
/// Statements number their parameters `$1`, `$2` and so on. Calls block; any thread may make them.
protocol Database: Sendable {
  var dialect: Dialect { get }

  /// Runs statements that change nothing.
  func read<Result>(
    _ body: (any Statements) throws(StoreError) -> Result
  ) throws(StoreError) -> Result

  /// Runs statements as one transaction, which is on the disk when this returns.
  ///
  /// Where the database asks for it, `body` is called again from its start.
  func write<Result>(
    _ body: (any Statements) throws(StoreError) -> Result
  ) throws(StoreError) -> Result

  /// Calls `onChange` behind every transaction that calls `Statements.announce`, from any process, with the job that it was
  /// of; with nil where that is not known, or changes may have been missed.
  ///
  /// - Returns: what to hold on to for as long as it should be called.
  func observe(_ onChange: @escaping @Sendable (String?) -> Void) -> any AnyObject & Sendable
}

/// One transaction of a database.
protocol Statements {
  /// Runs one statement and returns its rows.
  func run(_ sql: String, _ parameters: [SQLValue]) throws(StoreError) -> [[SQLValue]]

  /// Tells observers of a change of this job, once the transaction is done.
  func announce(_ job: String) throws(StoreError)
}

/// A value of a statement's parameter, or of a column.
enum SQLValue: Equatable, Sendable {
  case null
  case integer(Int)
  case text(String)

  init(_ text: String?) { self = text.map(SQLValue.text) ?? .null }
  init(_ number: Int?) { self = number.map(SQLValue.integer) ?? .null }

  var text: String? { if case .text(let text) = self { text } else { nil } }
  var integer: Int? { if case .integer(let number) = self { number } else { nil } }
}

/// Where the databases' SQL differs.
struct Dialect: Sendable {
  /// The database's clock, in milliseconds since 1970.
  let now: String
  /// Behind a SELECT: keeps the rows as they are until the transaction's end.
  let locking: String
  /// Behind a SELECT: the same, for rows that no other transaction keeps.
  let lockingFree: String
  /// Before migrations: keeps other processes out until the transaction's end.
  let exclusion: String?
}
