/// What is kept no longer.
extension JobStore {
  /// Deletes jobs that ended so many milliseconds ago or earlier, but for those that unfinished ones start from.
  ///
  /// - Returns: those that are gone; their files are the caller's to remove.
  public func deleteJobs(finishedBefore milliseconds: Int) throws(StoreError) -> [String] {
    let rows = try database.read { (statements) throws(StoreError) in
      try statements.run(
        """
        SELECT id FROM job WHERE finished_at < \(now) - $1 AND NOT EXISTS (
          SELECT 1 FROM job AS other WHERE other.init_from = job.id AND other.finished_at IS NULL)
        ORDER BY id LIMIT 100
        """, [.integer(milliseconds)])
    }
    var deleted: [String] = []
    for id in rows.compactMap({ $0[0].text }) where try delete(id) == .deleted { deleted.append(id) }
    return deleted
  }

  /// Forgets data sets that are so many milliseconds old and that no job needs, or has needed in that time.
  ///
  /// - Returns: those that are gone; their files are the caller's to remove.
  public func deleteDataSets(unusedFor milliseconds: Int) throws(StoreError) -> [String] {
    let rows = try database.read { (statements) throws(StoreError) in
      try statements.run(
        """
        SELECT id FROM data_set WHERE state = 'ready' AND created_at < \(now) - $1 AND NOT EXISTS (
          SELECT 1 FROM job WHERE (job.data_set = data_set.id OR job.validation_data_set = data_set.id)
          AND (finished_at IS NULL OR finished_at >= \(now) - $1)) ORDER BY id LIMIT 100
        """, [.integer(milliseconds)])
    }
    var deleted: [String] = []
    for id in rows.compactMap({ $0[0].text }) where try deleteDataSet(id) == .deleted { deleted.append(id) }
    return deleted
  }

  /// Forgets idempotency keys of so many milliseconds ago and earlier.
  public func forgetIdempotencyKeys(olderThan milliseconds: Int) throws(StoreError) {
    try database.write { (statements) throws(StoreError) in
      _ = try statements.run(
        "DELETE FROM idempotency_key WHERE created_at < \(now) - $1", [.integer(milliseconds)])
    }
  }
}
