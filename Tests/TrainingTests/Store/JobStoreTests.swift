import Dispatch
import Glibc
import Testing

@testable import Training

/// What every store promises, whatever its database.
struct JobStoreTests {
  @Test(arguments: StoreKind.allCases)
  func `An accepted job is there for everyone, as it was given`(kind: StoreKind) throws {
    let test = try TestStore(kind)
    let (first, second) = (try test.addDataSet(), try test.addDataSet())
    let start = try test.submit()
    let new = NewJob(
      name: "näme", dataSet: first, validationDataSet: second, initFrom: start.id, spec: #"{"a":"\"é"}"#)
    let submission = try test.store.submit(new, queueLimit: 10)
    guard case .accepted(let accepted) = submission else {
      Issue.record("\(submission)")
      return
    }
    let job = try #require(try test.reopened().job(accepted.id))
    #expect(job == accepted)
    #expect(UUIDv7.isValid(job.id))
    #expect(job.name == "näme" && job.dataSet == first && job.validationDataSet == second)
    #expect(job.initFrom == start.id && job.spec == #"{"a":"\"é"}"#)
    #expect(job.state == .queued && job.attempt == 0 && job.failures == 0 && job.filesAttempt == nil)
    #expect(job.startedAt == nil && job.finishedAt == nil && job.progress == nil && job.error == nil)
    var time = timespec()
    clock_gettime(CLOCK_REALTIME, &time)
    #expect(abs(job.createdAt - time.tv_sec * 1000) < 60_000)
    #expect(try test.store.job(UUIDv7.next()) == nil)
  }

  @Test(arguments: StoreKind.allCases)
  func `Jobs are claimed in their order, each by one worker at a time`(kind: StoreKind) throws {
    let test = try TestStore(kind)
    let dataSet = try test.addDataSet()
    let ids = try (0..<40).map { _ in try test.submit(dataSet: dataSet).id }
    #expect(try test.claim("first").id == ids[0])
    let stores = try (0..<4).map { _ in try test.reopened() }
    let claimed = Collector<(String, String)>()
    DispatchQueue.concurrentPerform(iterations: 4) { index in
      var failures = 0
      while failures < 3 {
        do {
          guard let claim = try stores[index].claim(owner: "owner \(index)", milliseconds: 600_000) else {
            return
          }
          claimed.append((claim.id, claim.owner))
        } catch {
          failures += 1
          Issue.record("\(error)")
        }
      }
    }
    let all = claimed.values
    #expect(Set(all.map(\.0)) == Set(ids.dropFirst()))
    #expect(all.count == 39)
    for (id, _) in all { #expect(try test.states(of: id) == ["queued", "running"]) }
    #expect(try test.store.claim(owner: "late", milliseconds: 1000) == nil)
    #expect(try !test.store.hasClaimable())
  }

  @Test(arguments: StoreKind.allCases)
  func `A claim that was let pass is void, and what it says later counts for nothing`(kind: StoreKind) throws
  {
    let test = try TestStore(kind)
    let id = try test.submit().id
    let old = try test.claim("old", milliseconds: 1)
    usleep(20_000)
    #expect(try test.store.hasClaimable())
    let new = try test.claim("new")
    #expect(new.id == id && new.attempt == 2 && old.attempt == 1)
    var report = JobStore.Report()
    report.epochs = ["{}"]
    report.savedSteps = 7
    #expect(try test.store.renew(old, milliseconds: 60_000, report) == .lost)
    #expect(try !test.store.finish(old, .succeeded))
    #expect(try !test.store.handBack(old))
    #expect(try test.store.release(owner: "old", reason: "the worker died") == nil)
    let job = try test.job(id)
    #expect(job.state == .running && job.epochs == 0 && job.filesAttempt == nil && job.failures == 1)
    #expect(try test.store.renew(new, milliseconds: 60_000, report) == .held(isCancelling: false))
    #expect(try test.store.finish(new, .succeeded))
    #expect(try !test.store.finish(new, .failed, error: "{}"))
    #expect(try test.states(of: id) == ["queued", "running", "queued", "running", "succeeded"])
    #expect(try test.job(id).finishedAt != nil)
  }

  @Test(arguments: StoreKind.allCases)
  func `A claim holds as long as it is renewed, however late`(kind: StoreKind) throws {
    let test = try TestStore(kind)
    _ = try test.submit()
    let claim = try test.claim(milliseconds: 1)
    usleep(20_000)
    // Nobody has taken it meanwhile.
    #expect(try test.store.renew(claim, milliseconds: 60_000) == .held(isCancelling: false))
    #expect(try test.store.claim(owner: "other", milliseconds: 1000) == nil)
  }

  @Test(arguments: StoreKind.allCases)
  func `Reports are kept together, and events have numbers without a gap`(kind: StoreKind) throws {
    let test = try TestStore(kind)
    let id = try test.submit().id
    let claim = try test.claim()
    var report = JobStore.Report()
    report.progress = #"{"epoch":1}"#
    report.epochs = [#"{"epoch":1}"#, #"{"epoch":2}"#]
    report.log = ["one", "two"]
    report.latest = #"{"l":1}"#
    report.best = #"{"b":1}"#
    report.savedSteps = 20
    #expect(try test.store.renew(claim, milliseconds: 60_000, report) == .held(isCancelling: false))
    report = JobStore.Report()
    report.progress = #"{"epoch":2}"#
    #expect(try test.store.renew(claim, milliseconds: 60_000, report) == .held(isCancelling: false))
    let job = try test.job(id)
    #expect(job.progress == #"{"epoch":2}"# && job.latest == #"{"l":1}"# && job.best == #"{"b":1}"#)
    #expect(job.epochs == 2 && job.filesAttempt == 1 && job.events == 6)
    let events = try test.store.events(of: id, limit: 100)
    #expect(events.map(\.number) == [1, 2, 3, 4, 5, 6])
    #expect(events.map(\.data) == ["queued", "running", #"{"epoch":1}"#, #"{"epoch":2}"#, "one", "two"])
    #expect(events.map(\.attempt) == [0, 1, 1, 1, 1, 1])
    #expect(try test.store.events(of: id, after: 2, limit: 2).map(\.number) == [3, 4])
    #expect(try test.store.events(of: id, kind: .epoch, after: 3, limit: 9).map(\.number) == [4])
    #expect(try test.store.events(of: UUIDv7.next(), limit: 9).isEmpty)
  }

  @Test(arguments: StoreKind.allCases)
  func `Three crashes without getting further fail a job, and no others`(kind: StoreKind) throws {
    let test = try TestStore(kind)
    let id = try test.submit().id
    func crash(savingAt steps: Int? = nil) throws {
      let owner = UUIDv7.next()
      let claim = try test.claim(owner)
      var report = JobStore.Report()
      report.savedSteps = steps
      #expect(try test.store.renew(claim, milliseconds: 60_000, report) == .held(isCancelling: false))
      #expect(try test.store.release(owner: owner, reason: #"the "worker" died"#) == id)
    }
    try crash()
    try crash()
    #expect(try test.job(id).failures == 2)
    try crash(savingAt: 5)
    #expect(try test.job(id).failures == 0)
    // The same steps again are no progress.
    try crash(savingAt: 5)
    try crash()
    #expect(try test.job(id).failures == 2)
    for _ in 0..<5 { #expect(try test.store.handBack(test.claim())) }
    #expect(try test.job(id).failures == 2)
    try crash()
    let job = try test.job(id)
    #expect(job.state == .failed && job.failures == 3 && job.attempt == 11)
    #expect(job.error?.contains(#"the \"worker\" died, 3 times"#) == true)
    #expect(try test.store.claim(owner: "late", milliseconds: 1000) == nil)
  }

  @Test(arguments: StoreKind.allCases)
  func `A queued job is cancelled at once, a running one by its worker`(kind: StoreKind) throws {
    let test = try TestStore(kind)
    let queued = try test.submit().id
    #expect(try test.store.cancel(queued)?.state == .cancelled)
    #expect(try test.store.cancel(queued)?.state == .cancelled)
    #expect(try test.states(of: queued) == ["queued", "cancelled"])
    #expect(try test.store.claim(owner: "o", milliseconds: 1000) == nil)

    let running = try test.submit().id
    let claim = try test.claim()
    for _ in 0..<2 { #expect(try test.store.cancel(running)?.isCancelling == true) }
    #expect(try test.job(running).state == .running)
    #expect(try test.store.renew(claim, milliseconds: 60_000) == .held(isCancelling: true))
    #expect(try test.store.finish(claim, .cancelled))
    #expect(try test.store.cancel(running)?.state == .cancelled)

    // Also where the worker dies, or goes in good order, before it has heard of it.
    for (end, owner) in [("crash", "a"), ("shutdown", "b")] {
      let id = try test.submit().id
      let claim = try test.claim(owner)
      _ = try test.store.cancel(id)
      if end == "crash" {
        #expect(try test.store.release(owner: owner, reason: "died") == id)
      } else {
        #expect(try test.store.handBack(claim))
      }
      #expect(try test.job(id).state == .cancelled, "\(end)")
    }
    #expect(try test.store.cancel(UUIDv7.next()) == nil)
  }

  @Test(arguments: StoreKind.allCases)
  func `An idempotency key gives the same job again, and refuses another payload`(kind: StoreKind) throws {
    let test = try TestStore(kind)
    let new = NewJob(
      name: nil, dataSet: try test.addDataSet(), validationDataSet: nil, initFrom: nil, spec: "{}")
    #expect(try test.store.submission(key: ("key", "payload")) == nil)
    guard case .accepted(let job) = try test.store.submit(new, key: ("key", "payload"), queueLimit: 1) else {
      Issue.record("refused")
      return
    }
    // Also where the queue is full.
    #expect(try test.store.submit(new, key: ("key", "payload"), queueLimit: 1) == .replayed(job))
    #expect(try test.store.submit(new, key: ("key", "other"), queueLimit: 9) == .keyIsTaken)
    #expect(try test.store.submission(key: ("key", "payload")) == .replayed(job))
    // A refused submission leaves its key free.
    #expect(try test.store.submit(new, key: ("second", "p"), queueLimit: 1) == .queueIsFull)
    #expect(try test.store.submission(key: ("second", "p")) == nil)
    // Many at once make one job.
    let stores = try (0..<4).map { _ in try test.reopened() }
    let ids = Collector<String>()
    DispatchQueue.concurrentPerform(iterations: 16) { index in
      do {
        switch try stores[index % 4].submit(new, key: ("race", "p"), queueLimit: 99) {
        case .accepted(let job), .replayed(let job): ids.append(job.id)
        case let other: Issue.record("\(other)")
        }
      } catch { Issue.record("\(error)") }
    }
    #expect(ids.values.count == 16 && Set(ids.values).count == 1)
    #expect(try test.store.jobs(limit: 99).count == 2)
  }

  @Test(arguments: StoreKind.allCases)
  func `A job is not accepted for what is not there, nor deleted while it is needed`(kind: StoreKind) throws {
    let test = try TestStore(kind)
    let dataSet = try test.addDataSet()
    let missing = UUIDv7.next()
    func submit(_ dataSet: String, _ validation: String? = nil, _ start: String? = nil) throws
      -> JobStore.Submission
    {
      try test.store.submit(
        NewJob(name: nil, dataSet: dataSet, validationDataSet: validation, initFrom: start, spec: "{}"),
        queueLimit: 9)
    }
    #expect(try submit(missing) == .refersToNothing(missing))
    #expect(try submit(dataSet, missing) == .refersToNothing(missing))
    #expect(try submit(dataSet, nil, missing) == .refersToNothing(missing))
    let importing = UUIDv7.next()
    #expect(
      try test.store.beginDataSet(importing, name: nil, bytes: 1, milliseconds: 60_000, limit: .max))
    #expect(try submit(importing) == .refersToNothing(importing))
    #expect(try test.store.deleteDataSet(importing) == .inUse(by: []))

    let first = try test.submit(dataSet: dataSet)
    #expect(try test.store.delete(first.id) == .inUse(by: [first.id]))
    #expect(try test.store.finish(test.claim(), .succeeded))
    let second = try test.submit(dataSet: dataSet, initFrom: first.id)
    #expect(try test.store.deleteDataSet(dataSet) == .inUse(by: [second.id]))
    #expect(try test.store.delete(first.id) == .inUse(by: [second.id]))
    _ = try test.store.cancel(second.id)
    #expect(try test.store.delete(first.id) == .deleted)
    #expect(try test.store.delete(first.id) == .missing)
    #expect(try test.store.events(of: first.id, limit: 9).isEmpty)
    #expect(try test.store.deleteDataSet(dataSet) == .deleted)
    #expect(try test.store.deleteDataSet(dataSet) == .missing)
    #expect(try test.job(second.id).state == .cancelled)
  }

  @Test(arguments: StoreKind.allCases)
  func `Lists go from the newest to the oldest, in pages`(kind: StoreKind) throws {
    let test = try TestStore(kind)
    let dataSet = try test.addDataSet()
    let ids = try (0..<7).map { _ in try test.submit(dataSet: dataSet).id }
    _ = try test.store.cancel(ids[3])
    #expect(try test.store.jobs(limit: 3).map(\.id) == [ids[6], ids[5], ids[4]])
    #expect(try test.store.jobs(before: ids[4], limit: 9).map(\.id) == [ids[3], ids[2], ids[1], ids[0]])
    #expect(try test.store.jobs(state: .cancelled, limit: 9).map(\.id) == [ids[3]])
    #expect(try test.store.jobs(state: .queued, before: ids[4], limit: 2).map(\.id) == [ids[2], ids[1]])
    #expect(try test.store.counts() == [.queued: 6, .cancelled: 1])
    let other = try test.addDataSet(name: "b")
    #expect(try test.store.dataSets(limit: 9).map(\.id) == [other, dataSet])
    #expect(try test.store.dataSets(before: other, limit: 9).map(\.id) == [dataSet])
  }

  @Test(arguments: StoreKind.allCases)
  func `Data sets have a quota, and one whose taker died is forgotten`(kind: StoreKind) throws {
    let test = try TestStore(kind)
    func begin(_ bytes: Int, milliseconds: Int = 60_000) throws -> String? {
      let id = UUIDv7.next()
      let isBegun = try test.store.beginDataSet(
        id, name: nil, bytes: bytes, milliseconds: milliseconds, limit: 100)
      return isBegun ? id : nil
    }
    let first = try #require(try begin(60))
    #expect(try begin(50) == nil)
    #expect(try test.store.completeDataSet(first, bytes: 30, description: #"{"samples":2}"#, limit: 100))
    let record = try #require(try test.store.dataSet(first))
    #expect(record.state == .ready && record.bytes == 30 && record.description == #"{"samples":2}"#)
    let second = try #require(try begin(50))
    // It came to more than was thought.
    #expect(try !test.store.completeDataSet(second, bytes: 71, description: "{}", limit: 100))
    #expect(try test.store.dataSet(second) == nil)
    let dead = try #require(try begin(70, milliseconds: 1))
    usleep(20_000)
    let third = try #require(try begin(70))
    #expect(try test.store.dataSet(dead) == nil)
    #expect(try !test.store.renewDataSet(dead, milliseconds: 1000))
    #expect(try !test.store.completeDataSet(dead, bytes: 1, description: "{}", limit: 100))
    #expect(try test.store.renewDataSet(third, milliseconds: 60_000))
    try test.store.abandonDataSet(third)
    #expect(try test.store.dataSet(third) == nil)
  }

  @Test(arguments: StoreKind.allCases)
  func `Changes made elsewhere are noticed`(kind: StoreKind) throws {
    let test = try TestStore(kind)
    let other = try test.reopened()
    let changes = Collector<String?>()
    let observation = other.observe { changes.append($0) }
    let id = try test.submit().id
    // The observer may have begun to look behind the first change.
    #expect(
      try eventually {
        _ = try test.store.cancel(test.submit().id)
        return !changes.values.isEmpty
      })
    #expect(changes.values.allSatisfy { $0 == nil || UUIDv7.isValid($0!) })
    withExtendedLifetime((observation, id)) {}
  }

  @Test(arguments: StoreKind.allCases)
  func `A store made by a newer program is refused, and left alone`(kind: StoreKind) throws {
    let test = try TestStore(kind)
    let id = try test.submit().id
    try test.store.database.write { (statements) throws(StoreError) in
      _ = try statements.run("UPDATE schema_version SET version = 99", [])
    }
    let error = #expect(throws: StoreError.self) { try test.reopened() }
    #expect(error?.kind == .newer && error?.detail.contains("version 99") == true)
    #expect(try test.job(id).state == .queued)
  }

  @Test(arguments: StoreKind.allCases)
  func `What has been kept long enough goes, but for what is needed`(kind: StoreKind) throws {
    let test = try TestStore(kind)
    let (old, used) = (try test.addDataSet(), try test.addDataSet())
    let first = try test.submit(dataSet: old)
    #expect(try test.store.finish(test.claim(), .succeeded))
    let second = try test.submit(dataSet: used, initFrom: first.id)
    #expect(try test.store.deleteJobs(finishedBefore: 60_000).isEmpty)
    #expect(try test.store.deleteDataSets(unusedFor: 60_000).isEmpty)
    usleep(20_000)
    // The second job needs the first, and its data set.
    #expect(try test.store.deleteJobs(finishedBefore: 1).isEmpty)
    #expect(try test.store.deleteDataSets(unusedFor: 1) == [old])
    _ = try test.store.cancel(second.id)
    usleep(20_000)
    #expect(try test.store.deleteJobs(finishedBefore: 1) == [first.id, second.id])
    #expect(try test.store.deleteDataSets(unusedFor: 1) == [used])
    #expect(try test.store.jobs(limit: 9).isEmpty && test.store.dataSets(limit: 9).isEmpty)
  }

  @Test(arguments: StoreKind.allCases)
  func `Idempotency keys are forgotten after a while`(kind: StoreKind) throws {
    let test = try TestStore(kind)
    let new = NewJob(
      name: nil, dataSet: try test.addDataSet(), validationDataSet: nil, initFrom: nil, spec: "{}")
    _ = try test.store.submit(new, key: ("key", "p"), queueLimit: 9)
    try test.store.forgetIdempotencyKeys(olderThan: 60_000)
    #expect(try test.store.submission(key: ("key", "p")) != nil)
    usleep(20_000)
    try test.store.forgetIdempotencyKeys(olderThan: 1)
    #expect(try test.store.submission(key: ("key", "p")) == nil)
  }

  @Test(arguments: StoreKind.allCases)
  func `Transactions of many threads go through, each once`(kind: StoreKind) throws {
    let test = try TestStore(kind)
    let id = try test.submit().id
    let claim = try test.claim()
    let stores = try (0..<4).map { _ in try test.reopened() }
    DispatchQueue.concurrentPerform(iterations: 40) { index in
      var report = JobStore.Report()
      report.log = ["\(index)"]
      do {
        #expect(
          try stores[index % 4].renew(claim, milliseconds: 60_000, report) == .held(isCancelling: false))
      } catch { Issue.record("\(error)") }
    }
    let lines = try test.store.events(of: id, kind: .log, limit: 100)
    #expect(Set(lines.map(\.data)) == Set((0..<40).map { "\($0)" }))
    #expect(lines.map(\.number) == Array(3...42))
  }

  @Test(arguments: StoreKind.allCases)
  func `Text is data, not SQL`(kind: StoreKind) throws {
    let test = try TestStore(kind)
    let name = "'; DROP TABLE job; -- $1 \\ \u{1F600}"
    let dataSet = try test.addDataSet(name: name)
    let new = NewJob(name: name, dataSet: dataSet, validationDataSet: nil, initFrom: nil, spec: name)
    guard case .accepted(let job) = try test.store.submit(new, key: (name, name), queueLimit: 9) else {
      Issue.record("refused")
      return
    }
    #expect(job.name == name && job.spec == name)
    #expect(try test.store.dataSet(dataSet)?.name == name)
    #expect(try test.store.job(name) == nil)
  }
}

struct UUIDv7Tests {
  @Test func `Identifiers sort by their making, also across threads, and never repeat`() {
    let lists = Collector<[String]>()
    DispatchQueue.concurrentPerform(iterations: 4) { _ in
      lists.append((0..<20_000).map { _ in UUIDv7.next() })
    }
    for list in lists.values { #expect(list == list.sorted()) }
    let all = lists.values.flatMap { $0 }
    #expect(Set(all).count == 80_000)
    #expect(all.allSatisfy(UUIDv7.isValid))
    // Version and variant of RFC 9562.
    #expect(all.allSatisfy { Array($0)[14] == "7" && "89ab".contains(Array($0)[19]) })
  }

  @Test(arguments: [
    "", "x", "0190163d-8694-739b-aea5-966c26f8ad9", "0190163D-8694-739B-AEA5-966C26F8AD90",
    "../../etc/passwd",
  ])
  func `Other texts are none`(text: String) { #expect(!UUIDv7.isValid(text)) }
}

/// What several threads collect.
final class Collector<Element>: @unchecked Sendable {
  // The thread sanitizer does not see what a dispatch queue keeps apart.
  private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
  private var elements: [Element] = []

  init() { pthread_mutex_init(mutex, nil) }

  deinit {
    pthread_mutex_destroy(mutex)
    mutex.deallocate()
  }

  func append(_ element: Element) {
    pthread_mutex_lock(mutex)
    elements.append(element)
    pthread_mutex_unlock(mutex)
  }

  var values: [Element] {
    pthread_mutex_lock(mutex)
    defer { pthread_mutex_unlock(mutex) }
    return elements
  }
}
