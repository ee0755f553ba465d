/// The tables of the store, and how older ones become these.
enum Schema {
  /// The statements that lead from each version to the next; those that were published never change.
  static let migrations: [[String]] = [
    [
      """
      CREATE TABLE data_set (
        id TEXT PRIMARY KEY, name TEXT, state TEXT NOT NULL, created_at BIGINT NOT NULL, lease_until BIGINT,
        bytes BIGINT NOT NULL, description TEXT NOT NULL)
      """,
      """
      CREATE TABLE job (
        id TEXT PRIMARY KEY, name TEXT, state TEXT NOT NULL, created_at BIGINT NOT NULL, started_at BIGINT,
        finished_at BIGINT, attempt BIGINT NOT NULL, failures BIGINT NOT NULL, cancel_requested BIGINT NOT NULL,
        owner TEXT, lease_until BIGINT, data_set TEXT NOT NULL, validation_data_set TEXT, init_from TEXT,
        spec TEXT NOT NULL, progress TEXT, latest TEXT, best TEXT, error TEXT,
        files_attempt BIGINT, saved_steps BIGINT NOT NULL, claimed_steps BIGINT NOT NULL,
        epochs BIGINT NOT NULL, events BIGINT NOT NULL)
      """,
      "CREATE INDEX job_by_state ON job (state, id)",
      """
      CREATE TABLE event (
        job TEXT NOT NULL, number BIGINT NOT NULL, at BIGINT NOT NULL, kind TEXT NOT NULL, attempt BIGINT NOT NULL,
        data TEXT NOT NULL, PRIMARY KEY (job, number))
      """,
      "CREATE INDEX event_by_kind ON event (job, kind, number)",
      "CREATE TABLE store_identity (id TEXT NOT NULL)",
      "INSERT INTO store_identity (id) VALUES ('\(UUIDv7.next())')",
      """
      CREATE TABLE idempotency_key (
        name TEXT PRIMARY KEY, payload TEXT NOT NULL, job TEXT NOT NULL, created_at BIGINT NOT NULL)
      """,
    ],
    [
      "ALTER TABLE data_set ADD COLUMN account TEXT",
      "CREATE INDEX data_set_by_account ON data_set (account, id)",
      "ALTER TABLE job ADD COLUMN account TEXT",
      "CREATE INDEX job_by_account ON job (account, id)",
      // Who waits for it to end: a token's name or an address.
      "ALTER TABLE job ADD COLUMN client TEXT",
      "CREATE INDEX job_by_client ON job (client)",
    ],
  ]

  /// Brings a database to the newest version.
  ///
  /// - Throws: `StoreError.newer` where a newer program was there.
  static func migrate(_ database: any Database) throws(StoreError) {
    try database.write { (statements) throws(StoreError) in
      if let exclusion = database.dialect.exclusion { _ = try statements.run(exclusion, []) }
      _ = try statements.run("CREATE TABLE IF NOT EXISTS schema_version (version BIGINT NOT NULL)", [])
      let known = migrations.count
      let rows = try statements.run("SELECT version FROM schema_version", [])
      let version = rows.first?[0].integer ?? 0
      guard version <= known else {
        throw StoreError(
          .newer,
          "the store has schema version \(version), made by a newer hausdorffd; this one knows up to \(known)"
        )
      }
      guard version < known else { return }
      for statement in migrations[version...].joined() { _ = try statements.run(statement, []) }
      _ = try statements.run("DELETE FROM schema_version", [])
      _ = try statements.run("INSERT INTO schema_version (version) VALUES ($1)", [.integer(known)])
    }
  }
}
