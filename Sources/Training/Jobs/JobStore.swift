/// Training jobs and data sets, kept in a database, so that they outlive every process.
///
/// Any number of processes may use one store at a time. A job is in one state at a time, and leaves a final one never. At
/// most one worker holds a job: it has claimed it for a time that it renews, and each claim has a higher attempt number than
/// the one before; whatever it says of the job counts only while that number is the job's. All times are by the database's
/// clock. Calls block until the database has answered; what they return was on the disk before.
public final class JobStore: Sendable {
  /// How often a worker may die without having got further before its job fails.
  public static let failureBudget = 3

  let database: any Database
  /// What tells this store from all others; it stays the same in a backup.
  public let identity: String

  init(_ database: any Database) throws(StoreError) {
    self.database = database
    try Schema.migrate(database)
    let rows = try database.read { (statements) throws(StoreError) in
      try statements.run("SELECT id FROM store_identity", [])
    }
    guard let identity = rows.first?[0].text else { throw StoreError(.invalid, "the store has no identity") }
    self.identity = identity
  }

  /// Opens the store of one machine in a file, which is made where it is missing.
  ///
  /// - Throws: `StoreError.newer` where a newer program made it, `unavailable` or `invalid` where it cannot be used.
  public convenience init(path: String) throws(StoreError) {
    try self.init(SQLiteDatabase(path: path))
  }

  /// Connects to the store that several machines share, in the database that a `postgres://` URL names.
  ///
  /// - Throws: as above; `unavailable` where the server cannot be reached.
  public convenience init(postgreSQL address: String) throws(StoreError) {
    try self.init(PostgresDatabase(address: address))
  }

  /// Whether the database answers.
  ///
  /// - Throws: `StoreError.unavailable` where it does not.
  public func check() throws(StoreError) {
    try database.read { (statements) throws(StoreError) in _ = try statements.run("SELECT 1", []) }
  }

  /// Calls `onChange` soon after each change of a job, made by any process: with the job, or nil where that is not known.
  /// What changed is to be looked up.
  ///
  /// - Returns: what to hold on to for as long as it should be called.
  public func observe(_ onChange: @escaping @Sendable (String?) -> Void) -> any AnyObject & Sendable {
    database.observe(onChange)
  }

  // MARK: What the transactions share

  var now: String { database.dialect.now }

  /// The job of that id.
  ///
  /// - Parameter locking: what keeps it as it is until the transaction's end.
  func find(
    _ id: String, _ statements: any Statements, locking: String = ""
  ) throws(StoreError) -> Job? {
    let sql = "SELECT \(Job.columns) FROM job WHERE id = $1\(locking)"
    guard let row = try statements.run(sql, [.text(id)]).first else { return nil }
    return try Job(row)
  }

  /// The job of that id, kept as it is until the transaction's end.
  func lock(_ id: String, _ statements: any Statements) throws(StoreError) -> Job? {
    try find(id, statements, locking: database.dialect.locking)
  }

  /// Adds an event to a job, which the transaction has changed or locked.
  func add(
    _ kind: JobEvent.Kind, _ data: String, to job: String, _ statements: any Statements
  ) throws(StoreError) {
    let rows = try statements.run(
      "UPDATE job SET events = events + 1 WHERE id = $1 RETURNING events, attempt", [.text(job)])
    guard let row = rows.first else { return }
    _ = try statements.run(
      """
      INSERT INTO event (job, number, at, kind, attempt, data) VALUES ($1, $2, \(now), $3, $4, $5)
      """, [.text(job), row[0], .text(kind.rawValue), row[1], .text(data)])
  }

  /// Takes a job that nobody holds any more, or that the transaction holds, to another state.
  func move(
    _ job: String, to state: Job.State, error: String? = nil, _ statements: any Statements
  ) throws(StoreError) {
    let finish = state.isFinal ? ", client = NULL, finished_at = \(now)" : ""
    _ = try statements.run(
      """
      UPDATE job SET state = $2, error = $3, owner = NULL, lease_until = NULL\(finish) WHERE id = $1
      """, [.text(job), .text(state.rawValue), SQLValue(error)])
    try add(.state, state.rawValue, to: job, statements)
    try statements.announce(job)
  }
}
