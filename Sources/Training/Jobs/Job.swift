/// A training job as the store has it.
///
/// Times are milliseconds since 1970 by the store's clock. What is said to be JSON is kept as it was given.
public struct Job: Equatable, Sendable {
  /// Where a job is in its life; the last three are final.
  public enum State: String, CaseIterable, Sendable {
    case queued, running, succeeded, failed, cancelled

    /// Whether it stays that way.
    public var isFinal: Bool { self == .succeeded || self == .failed || self == .cancelled }
  }

  /// A UUIDv7.
  public let id: String
  public let name: String?
  /// Whose it is; nil where whoever submitted it had no account.
  public let account: String?
  public let state: State
  public let createdAt: Int
  public let startedAt: Int?
  public let finishedAt: Int?
  /// How often a worker has claimed it; what an attempt writes is fenced by this number.
  public let attempt: Int
  /// Crashes since it last got further.
  public let failures: Int
  /// Whether it is to be cancelled, though it runs still.
  public let isCancelling: Bool
  public let dataSet: String
  public let validationDataSet: String?
  /// The job whose model it starts from.
  public let initFrom: String?
  /// The specification, JSON.
  public let spec: String
  /// How far it is, its latest and its best figures, and why it failed; JSON.
  public let progress, latest, best, error: String?
  /// The attempt whose files are the job's.
  public let filesAttempt: Int?
  /// Epochs that were recorded.
  public let epochs: Int
  /// The number of its last event.
  public let events: Int

  static let columns = """
    id, name, state, created_at, started_at, finished_at, attempt, failures, cancel_requested, data_set, \
    validation_data_set, init_from, spec, progress, latest, best, error, files_attempt, epochs, events, account
    """

  /// Takes over a row of `columns`.
  init(_ row: [SQLValue]) throws(StoreError) {
    guard row.count == 21, let id = row[0].text, let state = row[2].text.flatMap(State.init),
      let createdAt = row[3].integer, let attempt = row[6].integer, let failures = row[7].integer,
      let dataSet = row[9].text, let spec = row[12].text
    else { throw StoreError(.invalid, "the store holds a job that is none") }
    (self.id, name, self.state) = (id, row[1].text, state)
    (self.createdAt, startedAt, finishedAt) = (createdAt, row[4].integer, row[5].integer)
    (self.attempt, self.failures, isCancelling) = (attempt, failures, row[8].integer != 0)
    (self.dataSet, validationDataSet, initFrom) = (dataSet, row[10].text, row[11].text)
    (self.spec, progress, latest, best) = (spec, row[13].text, row[14].text, row[15].text)
    (error, filesAttempt) = (row[16].text, row[17].integer)
    (epochs, events) = (row[18].integer ?? 0, row[19].integer ?? 0)
    account = row[20].text
  }
}

/// What a job is made of.
public struct NewJob: Sendable {
  public var name: String?
  public var dataSet: String
  public var validationDataSet: String?
  public var initFrom: String?
  /// The whole specification, JSON.
  public var spec: String
  /// Whose it is.
  public var account: String?
  /// Who submits it, and how many that have not ended such a client may have; nil for any number.
  public var client: (name: String, limit: Int)?

  public init(
    name: String?, dataSet: String, validationDataSet: String?, initFrom: String?, spec: String
  ) {
    (self.name, self.dataSet, self.validationDataSet) = (name, dataSet, validationDataSet)
    (self.initFrom, self.spec) = (initFrom, spec)
  }
}

/// Something that happened to a job, numbered from 1 without a gap.
public struct JobEvent: Equatable, Sendable {
  public enum Kind: String, CaseIterable, Sendable {
    /// `data` is the state's name.
    case state
    /// `data` is the epoch's record, JSON.
    case epoch
    /// `data` is a line of the log.
    case log
  }

  public let number: Int
  /// Milliseconds since 1970.
  public let at: Int
  public let kind: Kind
  /// The attempt in which it happened.
  public let attempt: Int
  public let data: String

  static let columns = "number, at, kind, attempt, data"

  /// Takes over a row of `columns`.
  init(_ row: [SQLValue]) throws(StoreError) {
    guard row.count == 5, let number = row[0].integer, let at = row[1].integer,
      let kind = row[2].text.flatMap(Kind.init), let attempt = row[3].integer, let data = row[4].text
    else { throw StoreError(.invalid, "the store holds an event that is none") }
    (self.number, self.at, self.kind, self.attempt, self.data) = (number, at, kind, attempt, data)
  }
}
