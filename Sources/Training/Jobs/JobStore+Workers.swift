/// What workers and their supervisors ask for.
extension JobStore {
  /// A worker's hold on a job; void once the job has another attempt or state.
  public struct Claim: Sendable {
    /// The job as it was claimed.
    public let job: Job
    public let owner: String
    public var id: String { job.id }
    public var attempt: Int { job.attempt }
  }

  /// Whether a claim still holds.
  public enum Hold: Equatable, Sendable {
    case held(isCancelling: Bool)
    case lost
  }

  /// What a worker has to say about its job.
  public struct Report: Equatable, Sendable {
    /// Records of epochs, JSON, in their order; those that are known are left out.
    public var epochs: [String] = []
    /// The number of the first of them.
    public var firstEpoch = 1
    /// Lines for the log.
    public var log: [String] = []
    /// JSON, where it is new.
    public var progress, latest, best: String?
    /// Where files were saved: the optimiser steps in them. From then on, this attempt's files are the job's.
    public var savedSteps: Int?

    public init() {}
  }

  /// Claims the oldest queued job for so many milliseconds; nil where there is none.
  ///
  /// Jobs whose workers have let their time pass are taken from them first.
  ///
  /// - Parameter owner: the name of the claiming process, which no other ever has.
  public func claim(owner: String, milliseconds: Int) throws(StoreError) -> Claim? {
    try database.write { (statements) throws(StoreError) in
      try takeExpired(statements)
      let rows = try statements.run(
        """
        UPDATE job SET state = 'running', attempt = attempt + 1, owner = $1, lease_until = \(now) + $2,
          started_at = coalesce(started_at, \(now)), claimed_steps = saved_steps
        WHERE id = (SELECT id FROM job WHERE state = 'queued' ORDER BY id LIMIT 1\(database.dialect.lockingFree))
        RETURNING id
        """, [.text(owner), .integer(milliseconds)])
      guard let id = rows.first?[0].text else { return nil }
      try add(.state, Job.State.running.rawValue, to: id, statements)
      try statements.announce(id)
      guard let job = try lock(id, statements) else { return nil }
      return Claim(job: job, owner: owner)
    }
  }

  /// Whether there is anything to claim.
  public func hasClaimable() throws(StoreError) -> Bool {
    try database.read { (statements) throws(StoreError) in
      let rows = try statements.run(
        """
        SELECT 1 FROM job WHERE state = 'queued' OR (state = 'running' AND lease_until < \(now)) LIMIT 1
        """, [])
      return !rows.isEmpty
    }
  }

  private func takeExpired(_ statements: any Statements) throws(StoreError) {
    let rows = try statements.run(
      """
      SELECT id FROM job WHERE state = 'running' AND lease_until < \(now) ORDER BY id\(database.dialect.lockingFree)
      """, [])
    for id in rows.compactMap({ $0[0].text }) {
      try giveBack(id, "the worker was not heard of in time", true, statements)
    }
  }

  /// Holds on to a job for so many milliseconds from now, and records what there is to say.
  public func renew(
    _ claim: Claim, milliseconds: Int, _ report: Report = Report()
  ) throws(StoreError) -> Hold {
    try database.write { (statements) throws(StoreError) in
      let rows = try statements.run(
        """
        UPDATE job SET lease_until = \(now) + $4, progress = coalesce($5, progress), latest = coalesce($6, latest),
          best = coalesce($7, best), saved_steps = coalesce($8, saved_steps),
          files_attempt = CASE WHEN $8 IS NULL THEN files_attempt ELSE attempt END,
          failures = CASE WHEN $8 > claimed_steps THEN 0 ELSE failures END
        WHERE id = $1 AND owner = $2 AND attempt = $3 AND state = 'running' RETURNING cancel_requested, epochs
        """,
        [
          .text(claim.id), .text(claim.owner), .integer(claim.attempt), .integer(milliseconds),
          SQLValue(report.progress), SQLValue(report.latest), SQLValue(report.best),
          SQLValue(report.savedSteps),
        ])
      guard let row = rows.first, let known = row[1].integer else { return .lost }
      // A report that was heard without an answer comes again.
      let epochs = report.epochs.dropFirst(max(0, known + 1 - report.firstEpoch))
      if !epochs.isEmpty {
        _ = try statements.run(
          "UPDATE job SET epochs = epochs + $2 WHERE id = $1", [.text(claim.id), .integer(epochs.count)])
      }
      for epoch in epochs { try add(.epoch, epoch, to: claim.id, statements) }
      for line in report.log { try add(.log, line, to: claim.id, statements) }
      if report != Report() { try statements.announce(claim.id) }
      return .held(isCancelling: row[0].integer != 0)
    }
  }

  /// Ends a job, if the claim still holds; whatever became of it, the job is in one final state at most.
  ///
  /// - Parameters:
  ///   - state: a final one.
  ///   - error: why it failed, JSON.
  /// - Returns: false where the claim was lost.
  public func finish(
    _ claim: Claim, _ state: Job.State, error: String? = nil
  ) throws(StoreError) -> Bool {
    precondition(state.isFinal)
    return try database.write { (statements) throws(StoreError) in
      guard try holds(claim, statements) else { return false }
      try move(claim.id, to: state, error: error, statements)
      return true
    }
  }

  /// Puts a job back into the queue, in good order; it counts for no failure.
  ///
  /// - Returns: false where the claim was lost.
  public func handBack(_ claim: Claim) throws(StoreError) -> Bool {
    try database.write { (statements) throws(StoreError) in
      guard let job = try lock(claim.id, statements), try holds(claim, statements) else { return false }
      try move(claim.id, to: job.isCancelling ? .cancelled : .queued, statements)
      return true
    }
  }

  private func holds(_ claim: Claim, _ statements: any Statements) throws(StoreError) -> Bool {
    let rows = try statements.run(
      """
      SELECT 1 FROM job WHERE id = $1 AND owner = $2 AND attempt = $3 AND state = 'running'\(database.dialect.locking)
      """, [.text(claim.id), .text(claim.owner), .integer(claim.attempt)])
    return !rows.isEmpty
  }

  /// Takes back what a dead worker held.
  ///
  /// - Parameters:
  ///   - reason: how it died, as in "the worker was ended by signal 9".
  ///   - countsAsFailure: false where it was killed on purpose.
  /// - Returns: its job; nil where it held none.
  public func release(
    owner: String, reason: String, countsAsFailure: Bool = true
  ) throws(StoreError) -> String? {
    try database.write { (statements) throws(StoreError) in
      let rows = try statements.run(
        "SELECT id FROM job WHERE owner = $1 AND state = 'running'\(database.dialect.locking)", [.text(owner)]
      )
      guard let id = rows.first?[0].text else { return nil }
      try giveBack(id, reason, countsAsFailure, statements)
      return id
    }
  }

  /// Counts a crash, and puts the job back into the queue if it may go on.
  private func giveBack(
    _ id: String, _ reason: String, _ countsAsFailure: Bool, _ statements: any Statements
  ) throws(StoreError) {
    let rows = try statements.run(
      """
      UPDATE job SET failures = CASE WHEN saved_steps > claimed_steps THEN 0 ELSE failures + $2 END WHERE id = $1
      RETURNING failures, cancel_requested
      """, [.text(id), .integer(countsAsFailure ? 1 : 0)])
    guard let row = rows.first, let failures = row[0].integer else { return }
    try add(.log, reason, to: id, statements)
    if row[1].integer != 0 { return try move(id, to: .cancelled, statements) }
    guard failures >= Self.failureBudget else { return try move(id, to: .queued, statements) }
    try move(id, to: .failed, error: Self.crashError(reason, failures), statements)
  }

  private static func crashError(_ reason: String, _ times: Int) -> String {
    let detail = "\(reason), \(times) times without getting further".unicodeScalars.map { scalar in
      switch scalar {
      case "\"", "\\": "\\\(scalar)"
      case "\0"..<" ": "\\u00" + (scalar.value < 16 ? "0" : "") + String(scalar.value, radix: 16)
      default: "\(scalar)"
      }
    }.joined()
    return #"{"type":"about:blank","title":"The worker crashed","detail":"\#(detail)"}"#
  }
}
