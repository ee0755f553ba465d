/// The data sets that jobs train on.
extension JobStore {
  /// A data set as the store has it.
  public struct DataSetRecord: Equatable, Sendable {
    public enum State: String, Sendable {
      /// It is being taken over.
      case importing
      case ready
    }

    /// A UUIDv7.
    public let id: String
    public let name: String?
    /// Whose it is; nil where whoever made it had no account.
    public let account: String?
    public let state: State
    /// Milliseconds since 1970.
    public let createdAt: Int
    /// Of its file, or of what it takes while it is taken over.
    public let bytes: Int
    /// What is known of its samples, JSON.
    public let description: String

    static let columns = "id, name, state, created_at, bytes, description, account"

    /// Takes over a row of `columns`.
    init(_ row: [SQLValue]) throws(StoreError) {
      guard row.count == 7, let id = row[0].text, let state = row[2].text.flatMap(State.init),
        let createdAt = row[3].integer, let bytes = row[4].integer, let description = row[5].text
      else { throw StoreError(.invalid, "the store holds a data set that is none") }
      (self.id, name, self.state) = (id, row[1].text, state)
      (self.createdAt, self.bytes, self.description) = (createdAt, bytes, description)
      account = row[6].text
    }
  }

  /// Makes a data set known that is about to be taken over, and forgets those whose taker has let its time pass.
  ///
  /// - Returns: false where all data sets would have more than `limit` bytes with it.
  public func beginDataSet(
    _ id: String, name: String?, account: String? = nil, bytes: Int, milliseconds: Int, limit: Int
  ) throws(StoreError) -> Bool {
    try database.write { (statements) throws(StoreError) in
      try forgetAbandoned(statements)
      guard try total(statements) + bytes <= limit else { return false }
      _ = try statements.run(
        """
        INSERT INTO data_set (id, name, state, created_at, lease_until, bytes, description, account)
        VALUES ($1, $2, 'importing', \(now), \(now) + $3, $4, '{}', $5)
        """,
        [.text(id), SQLValue(name), .integer(milliseconds), .integer(bytes), SQLValue(account)])
      return true
    }
  }

  /// What holds of all but data sets whose taker has let its time pass, which somebody will forget.
  private var isNotAbandoned: String { "(state <> 'importing' OR lease_until >= \(now))" }

  /// Forgets data sets whose taker has let its time pass.
  func forgetAbandoned(_ statements: any Statements) throws(StoreError) {
    _ = try statements.run("DELETE FROM data_set WHERE state = 'importing' AND lease_until < \(now)", [])
  }

  /// What all data sets take together, those that are being taken over too.
  public func dataSetBytes() throws(StoreError) -> Int {
    try database.read { (statements) throws(StoreError) in try total(statements) }
  }

  private func total(_ statements: any Statements) throws(StoreError) -> Int {
    let rows = try statements.run("SELECT CAST(coalesce(sum(bytes), 0) AS BIGINT) FROM data_set", [])
    return rows.first?[0].integer ?? 0
  }

  /// Says that a data set is still being taken over; false where it was forgotten.
  public func renewDataSet(_ id: String, milliseconds: Int) throws(StoreError) -> Bool {
    try database.write { (statements) throws(StoreError) in
      let rows = try statements.run(
        "UPDATE data_set SET lease_until = \(now) + $2 WHERE id = $1 AND state = 'importing' RETURNING 1",
        [.text(id), .integer(milliseconds)])
      return !rows.isEmpty
    }
  }

  /// Says that a data set is there; false where it was forgotten, or all have more than `limit` bytes with it.
  public func completeDataSet(
    _ id: String, bytes: Int, description: String, limit: Int
  ) throws(StoreError) -> Bool {
    try database.write { (statements) throws(StoreError) in
      let rows = try statements.run(
        """
        UPDATE data_set SET state = 'ready', lease_until = NULL, bytes = $2, description = $3
        WHERE id = $1 AND state = 'importing' RETURNING 1
        """, [.text(id), .integer(bytes), .text(description)])
      guard !rows.isEmpty, try total(statements) > limit else { return !rows.isEmpty }
      _ = try statements.run("DELETE FROM data_set WHERE id = $1", [.text(id)])
      return false
    }
  }

  /// Forgets a data set that could not be taken over.
  public func abandonDataSet(_ id: String) throws(StoreError) {
    try database.write { (statements) throws(StoreError) in
      _ = try statements.run("DELETE FROM data_set WHERE id = $1 AND state = 'importing'", [.text(id)])
    }
  }

  /// The data set, or nil where there is none of that id.
  public func dataSet(_ id: String) throws(StoreError) -> DataSetRecord? {
    try database.read { (statements) throws(StoreError) in
      let rows = try statements.run(
        "SELECT \(DataSetRecord.columns) FROM data_set WHERE id = $1 AND \(isNotAbandoned)", [.text(id)])
      return try rows.first.map { (row) throws(StoreError) in try DataSetRecord(row) }
    }
  }

  /// At most `limit` data sets of an account, or of all, the newest first; with `before`, those older than that one.
  public func dataSets(
    of account: String? = nil, before: String? = nil, limit: Int
  ) throws(StoreError) -> [DataSetRecord] {
    try database.read { (statements) throws(StoreError) in
      var conditions = [isNotAbandoned]
      var parameters: [SQLValue] = []
      for (condition, value) in [("account =", account), ("id <", before)] {
        guard let value else { continue }
        parameters.append(.text(value))
        conditions.append("\(condition) $\(parameters.count)")
      }
      let rows = try statements.run(
        """
        SELECT \(DataSetRecord.columns) FROM data_set WHERE \(conditions.joined(separator: " AND ")) \
        ORDER BY id DESC LIMIT \(limit)
        """, parameters)
      return try rows.map { (row) throws(StoreError) in try DataSetRecord(row) }
    }
  }

  /// Forgets a data set that no unfinished job needs and that is not being taken over; its file is the caller's to remove.
  public func deleteDataSet(_ id: String) throws(StoreError) -> Deletion {
    try database.write { (statements) throws(StoreError) in
      try forgetAbandoned(statements)
      let rows = try statements.run(
        "SELECT \(DataSetRecord.columns) FROM data_set WHERE id = $1\(database.dialect.locking)", [.text(id)])
      guard let row = rows.first else { return .missing }
      let record = try DataSetRecord(row)
      guard record.state == .ready else { return .inUse(by: []) }
      let users = try unfinishedJobs(referringTo: id, in: ["data_set", "validation_data_set"], statements)
      guard users.isEmpty else { return .inUse(by: users) }
      _ = try statements.run("DELETE FROM data_set WHERE id = $1", [.text(id)])
      return .deleted
    }
  }
}
