/// What those who submit jobs ask for.
extension JobStore {
  /// What became of a submission.
  public enum Submission: Equatable, Sendable {
    case accepted(Job)
    /// It was accepted before, under the same idempotency key.
    case replayed(Job)
    /// The key belongs to another payload.
    case keyIsTaken
    /// As many jobs are queued as may be.
    case queueIsFull
    /// As many jobs of the client have not ended as it may have.
    case clientHasTooMany
    /// A data set or job that it refers to is gone.
    case refersToNothing(String)
  }

  /// Accepts a job, which is on the disk when this returns.
  ///
  /// - Parameters:
  ///   - key: an idempotency key with what stands for its payload.
  ///   - queueLimit: how many jobs may be queued.
  public func submit(
    _ job: NewJob, key: (name: String, payload: String)? = nil, queueLimit: Int
  ) throws(StoreError) -> Submission {
    let id = UUIDv7.next()
    return try database.write { (statements) throws(StoreError) in
      if let key {
        let rows = try statements.run(
          """
          INSERT INTO idempotency_key (name, payload, job, created_at) VALUES ($1, $2, $3, \(now))
          ON CONFLICT (name) DO NOTHING RETURNING job
          """, [.text(key.name), .text(key.payload), .text(id)])
        if rows.isEmpty { return try replay(key, statements) }
      }
      let queued = try statements.run("SELECT count(*) FROM job WHERE state = 'queued'", [])
      guard queued.first?[0].integer ?? 0 < queueLimit else { return try undo(key, statements, .queueIsFull) }
      if let (client, limit) = job.client {
        let unended = try statements.run("SELECT count(*) FROM job WHERE client = $1", [.text(client)])
        guard unended.first?[0].integer ?? 0 < limit else {
          return try undo(key, statements, .clientHasTooMany)
        }
      }
      for dataSet in [job.dataSet, job.validationDataSet].compactMap({ $0 }) {
        let rows = try statements.run(
          "SELECT id FROM data_set WHERE id = $1 AND state = 'ready'\(database.dialect.locking)",
          [.text(dataSet)])
        if rows.isEmpty { return try undo(key, statements, .refersToNothing(dataSet)) }
      }
      if let start = job.initFrom, try lock(start, statements) == nil {
        return try undo(key, statements, .refersToNothing(start))
      }
      _ = try statements.run(
        """
        INSERT INTO job (id, name, state, created_at, attempt, failures, cancel_requested, data_set, validation_data_set, \
        init_from, spec, saved_steps, claimed_steps, epochs, events, account, client)
        VALUES ($1, $2, 'queued', \(now), 0, 0, 0, $3, $4, $5, $6, 0, 0, 0, 0, $7, $8)
        """,
        [
          .text(id), SQLValue(job.name), .text(job.dataSet), SQLValue(job.validationDataSet),
          SQLValue(job.initFrom), .text(job.spec), SQLValue(job.account), SQLValue(job.client?.name),
        ])
      try add(.state, Job.State.queued.rawValue, to: id, statements)
      try statements.announce(id)
      guard let accepted = try lock(id, statements) else { throw StoreError(.invalid, "a job was not kept") }
      return .accepted(accepted)
    }
  }

  private func replay(
    _ key: (name: String, payload: String), _ statements: any Statements
  ) throws(StoreError) -> Submission {
    let rows = try statements.run(
      "SELECT payload, job FROM idempotency_key WHERE name = $1", [.text(key.name)])
    guard let row = rows.first, row[0].text == key.payload else { return .keyIsTaken }
    guard let id = row[1].text, let job = try find(id, statements) else { return .keyIsTaken }
    return .replayed(job)
  }

  /// A refused submission leaves its key free.
  private func undo(
    _ key: (name: String, payload: String)?, _ statements: any Statements, _ submission: Submission
  ) throws(StoreError) -> Submission {
    if let key {
      _ = try statements.run("DELETE FROM idempotency_key WHERE name = $1", [.text(key.name)])
    }
    return submission
  }

  /// The job of an idempotency key that was used with this payload; nil for a key that was not used.
  public func submission(
    key: (name: String, payload: String)
  ) throws(StoreError) -> Submission? {
    try database.read { (statements) throws(StoreError) in
      let rows = try statements.run("SELECT job FROM idempotency_key WHERE name = $1", [.text(key.name)])
      return rows.isEmpty ? nil : try replay(key, statements)
    }
  }

  /// The job, or nil where there is none of that id.
  public func job(_ id: String) throws(StoreError) -> Job? {
    try database.read { (statements) throws(StoreError) in try find(id, statements) }
  }

  /// At most `limit` jobs in a state, or in any, the newest first.
  ///
  /// - Parameters:
  ///   - account: only jobs of this account; nil for all.
  ///   - before: only jobs that are older than this one.
  public func jobs(
    of account: String? = nil, state: Job.State? = nil, before: String? = nil, limit: Int
  ) throws(StoreError) -> [Job] {
    try database.read { (statements) throws(StoreError) in
      var conditions: [String] = []
      var parameters: [SQLValue] = []
      for (condition, value) in [("account =", account), ("state =", state?.rawValue), ("id <", before)] {
        guard let value else { continue }
        parameters.append(.text(value))
        conditions.append("\(condition) $\(parameters.count)")
      }
      let filter = conditions.isEmpty ? "" : "WHERE \(conditions.joined(separator: " AND "))"
      let rows = try statements.run(
        "SELECT \(Job.columns) FROM job \(filter) ORDER BY id DESC LIMIT \(limit)", parameters)
      return try rows.map { (row) throws(StoreError) in try Job(row) }
    }
  }

  /// At most `limit` events of a job behind the one numbered `after`, in their order.
  public func events(
    of job: String, kind: JobEvent.Kind? = nil, after: Int = 0, limit: Int
  ) throws(StoreError) -> [JobEvent] {
    try database.read { (statements) throws(StoreError) in
      let filter = kind.map { "AND kind = '\($0.rawValue)'" } ?? ""
      let rows = try statements.run(
        """
        SELECT \(JobEvent.columns) FROM event WHERE job = $1 AND number > $2 \(filter) ORDER BY number LIMIT \(limit)
        """, [.text(job), .integer(after)])
      return try rows.map { (row) throws(StoreError) in try JobEvent(row) }
    }
  }

  /// Cancels a queued job at once, and asks the worker of a running one to stop; others stay as they are.
  ///
  /// - Returns: the job as it is then; nil where there is none.
  public func cancel(_ id: String) throws(StoreError) -> Job? {
    try database.write { (statements) throws(StoreError) in
      guard let job = try lock(id, statements) else { return nil }
      switch job.state {
      case .queued: try move(id, to: .cancelled, statements)
      case .running where !job.isCancelling:
        _ = try statements.run("UPDATE job SET cancel_requested = 1 WHERE id = $1", [.text(id)])
        try add(.log, "asked to cancel", to: id, statements)
        try statements.announce(id)
      default: return job
      }
      return try lock(id, statements)
    }
  }

  /// What became of a deletion.
  public enum Deletion: Equatable, Sendable {
    case deleted
    case missing
    /// It is in use: a job that has not ended, or what such jobs need.
    case inUse(by: [String])
  }

  /// Deletes a job that has ended, with its events; its files are the caller's to remove.
  public func delete(_ id: String) throws(StoreError) -> Deletion {
    try database.write { (statements) throws(StoreError) in
      guard let job = try lock(id, statements) else { return .missing }
      guard job.state.isFinal else { return .inUse(by: [id]) }
      let users = try unfinishedJobs(referringTo: id, in: ["init_from"], statements)
      guard users.isEmpty else { return .inUse(by: users) }
      for sql in [
        "DELETE FROM event WHERE job = $1", "DELETE FROM idempotency_key WHERE job = $1",
        "DELETE FROM job WHERE id = $1",
      ] { _ = try statements.run(sql, [.text(id)]) }
      try statements.announce(id)
      return .deleted
    }
  }

  func unfinishedJobs(
    referringTo id: String, in columns: [String], _ statements: any Statements
  ) throws(StoreError) -> [String] {
    let conditions = columns.map { "\($0) = $1" }.joined(separator: " OR ")
    let rows = try statements.run(
      "SELECT id FROM job WHERE state IN ('queued', 'running') AND (\(conditions)) ORDER BY id LIMIT 20",
      [.text(id)])
    return rows.compactMap { $0[0].text }
  }

  /// How many jobs are in each state.
  public func counts() throws(StoreError) -> [Job.State: Int] {
    try database.read { (statements) throws(StoreError) in
      var counts: [Job.State: Int] = [:]
      for row in try statements.run("SELECT state, count(*) FROM job GROUP BY state", []) {
        if let state = row[0].text.flatMap(Job.State.init) { counts[state] = row[1].integer ?? 0 }
      }
      return counts
    }
  }
}
