import HTTPServer
import Logging
import MaskFormats
import Training
import UNet

/// `/v1/training-jobs` but for what comes of them: submit, list, look, cancel, delete.
struct TrainingJobRoutes: Sendable {
  let context: JobContext
  /// How many jobs may be queued.
  let queueLimit: Int
  /// How many jobs of one client may not have ended; nil for any number.
  let clientLimit: Int?
  /// Idempotency keys of requests that are being answered.
  private let pending = Locked<Set<String>>([])

  init(context: JobContext, queueLimit: Int, clientLimit: Int?) {
    (self.context, self.queueLimit, self.clientLimit) = (context, queueLimit, clientLimit)
  }

  var routes: [Route] {
    [
      Route(
        .post, "/v1/training-jobs", consumes: [ArrayBody.jsonType], maximumBody: 1 << 20,
        admit: admit, handle: { request in context.answer { () throws(Problem) in try submit(request) } }),
      get("/v1/training-jobs") { request throws(Problem) in try list(request) },
      get("/v1/training-jobs/{id}") { request throws(Problem) in
        .json(try context.job(request).json)
      },
      get("/v1/training-jobs/{id}/epochs") { request throws(Problem) in try epochs(request) },
      get("/v1/training-jobs/{id}/log", produces: ["text/plain"]) { request throws(Problem) in
        try log(request)
      },
      Route(
        .post, "/v1/training-jobs/{id}/cancel", admit: admit,
        handle: { request in context.answer { () throws(Problem) in try cancel(request) } }),
      Route(
        .delete, "/v1/training-jobs/{id}", admit: admit,
        handle: { request in context.answer { () throws(Problem) in try delete(request) } }),
    ]
  }

  private func get(
    _ path: String, produces: [String] = ["application/json"],
    _ body: @escaping @Sendable (Request) throws(Problem) -> Response
  ) -> Route {
    Route(.get, path, produces: produces, admit: admit) { request in
      context.answer { () throws(Problem) in try body(request) }
    }
  }

  @Sendable private func admit(_ head: RequestHead) throws(Problem) -> (any Admission)? {
    try context.pool.admit()
  }

  // MARK: Submit

  private func submit(_ request: Request) throws(Problem) -> Response {
    guard let name = request.head.header("Idempotency-Key") else { return try submit(request, key: nil) }
    guard (1...255).contains(name.utf8.count), name.utf8.allSatisfy({ (0x21...0x7E).contains($0) }) else {
      throw Problem(
        status: 400, detail: "The Idempotency-Key must be 1 to 255 visible ASCII characters.",
        errors: [.init(.parameter("Idempotency-Key"), "must be 1 to 255 visible ASCII characters")])
    }
    // Each account has its own keys, which have no blank.
    let key = (
      request.visitor?.account.map { "\($0) \(name)" } ?? name, request.body.withBytes { SHA256.text(of: $0) }
    )
    guard pending.withLock({ $0.insert(key.0).inserted }) else {
      throw Problem(
        status: 409, detail: "A request with this Idempotency-Key is being answered.",
        headers: ["Retry-After": "1"])
    }
    defer { pending.withLock { _ = $0.remove(key.0) } }
    // First of all: what it referred to may be gone by now.
    if let known = try context.ask({ (store) throws(StoreError) in try store.submission(key: key) }) {
      return try reply(known)
    }
    return try submit(request, key: key)
  }

  private func submit(
    _ request: Request, key: (name: String, payload: String)?
  ) throws(Problem) -> Response {
    if let item = request.head.query.first {
      throw Problem(RequestError(.parameter(item.name), "is not taken from the query", status: 400))
    }
    let members = try context.members(request)
    var specification = try Problem.from { () throws(RequestError) in try JobSpecification(json: members) }
    let references = try references(of: specification, scope: request.scope)
    try Problem.from { () throws(RequestError) in
      try specification.complete(
        training: references.training, validation: references.validation, start: references.start)
    }
    var job = NewJob(
      name: specification.name, dataSet: specification.dataSet,
      validationDataSet: specification.validationDataSet, initFrom: specification.initFrom,
      spec: specification.json)
    job.account = request.visitor?.account
    job.client = clientLimit.map { (request.clientName, $0) }
    let new = job
    let submission = try context.ask { (store) throws(StoreError) in
      try store.submit(new, key: key, queueLimit: queueLimit)
    }
    if case .accepted(let job) = submission {
      context.logger.info(
        "a job was accepted", metadata: request.head.logMetadata.merging(["job": .string(job.id)]) { $1 })
    }
    return try reply(submission)
  }

  private func reply(_ submission: JobStore.Submission) throws(Problem) -> Response {
    switch submission {
    case .accepted(let job):
      return Response(
        status: 202, contentType: "application/json", headers: ["Location": job.path], content: job.json)
    case .replayed(let job):
      return Response(
        status: 202, contentType: "application/json",
        headers: ["Location": job.path, "Idempotency-Replayed": "true"], content: job.json)
    case .keyIsTaken:
      throw Problem(
        RequestError(.parameter("Idempotency-Key"), "was used with another body"))
    case .queueIsFull:
      throw Problem(
        status: 429, detail: "\(queueLimit) jobs are queued, which is as many as may be.",
        headers: ["Retry-After": "60"])
    case .clientHasTooMany:
      Refusals.count(.jobs)
      throw Problem(
        status: 429,
        detail: "\(clientLimit ?? 0) jobs of this client have not ended, which is as many as one may have.",
        headers: ["Retry-After": "60"])
    case .refersToNothing(let id): throw Problem(RequestError(.pointer(""), "\(id) is no longer there"))
    }
  }

  private typealias References = (training: DataSet, validation: DataSet?, start: Model?)

  /// What a specification refers to; all that is missing is told at once.
  private func references(
    of specification: JobSpecification, scope: String?
  ) throws(Problem) -> References {
    var errors: [Problem.FieldError] = []
    func find<Value>(
      _ pointer: String, _ id: String?, _ body: (String, String?) throws(Problem) -> Result<Value, Missing>
    ) throws(Problem) -> Value? {
      guard let id else { return nil }
      switch try body(id, scope) {
      case .success(let value): return value
      case .failure(let missing):
        errors.append(.init(.pointer(pointer), missing.detail))
        return nil
      }
    }
    let training = try find("/dataset", specification.dataSet, dataSet)
    let validation = try find("/validation_dataset", specification.validationDataSet, dataSet)
    let start = try find("/init_from", specification.initFrom, model)
    guard errors.isEmpty, let training else { throw Problem(RequestError(errors)) }
    return (training, validation, start)
  }

  private struct Missing: Error {
    let detail: String
  }

  private func dataSet(_ id: String, scope: String?) throws(Problem) -> Result<DataSet, Missing> {
    guard let record = try context.dataSet(id, scope: scope) else {
      return .failure(Missing(detail: "there is no data set of this id"))
    }
    guard record.state == .ready else {
      return .failure(Missing(detail: "the data set is still being taken over"))
    }
    do throws(DataSetError) { return .success(try DataSet(path: context.folder.dataSet(id))) } catch {
      context.logger.error("the data set \(id) cannot be used: \(error)")
      return .failure(
        Missing(detail: "the data set's file is damaged or gone; the server's log has the reason"))
    }
  }

  private func model(_ id: String, scope: String?) throws(Problem) -> Result<Model, Missing> {
    guard let job = try context.job(id, scope: scope) else {
      return .failure(Missing(detail: "there is no training job of this id"))
    }
    guard let path = context.folder.model(of: job) else {
      return .failure(Missing(detail: "the job has no model yet"))
    }
    do throws(UNetError) { return .success(try Model(path: path)) } catch {
      return .failure(Missing(detail: "the model cannot be used: \(error.detail)"))
    }
  }

  // MARK: Look

  private func list(_ request: Request) throws(Problem) -> Response {
    let (page, state, before) = try Problem.from { () throws(RequestError) in
      var options = try OptionList(text: request.head.query.map { ($0.name, $0.value) })
      let page = try Page(&options)
      let state = try options.take("state")?.choice(Job.State.self)
      let before = try page.cursor?.identifier()
      try options.refuseRest(known: ["state", "limit", "cursor"])
      return (page, state, before)
    }
    let jobs = try context.ask { (store) throws(StoreError) in
      try store.jobs(of: request.scope, state: state, before: before, limit: page.limit + 1)
    }
    return page.reply("jobs", jobs, cursor: \.id) { json, job in job.write(to: &json) }
  }

  private func epochs(_ request: Request) throws(Problem) -> Response {
    let job = try context.job(request)
    let (page, after) = try Problem.from { () throws(RequestError) in
      var options = try OptionList(text: request.head.query.map { ($0.name, $0.value) })
      let page = try Page(&options, limit: 1000, most: 10_000)
      let after = try page.cursor?.integer(in: 0...Int(Int32.max)) ?? 0
      try options.refuseRest(known: ["limit", "cursor"])
      return (page, after)
    }
    let events = try context.ask { (store) throws(StoreError) in
      try store.events(of: job.id, kind: .epoch, after: after, limit: page.limit + 1)
    }
    return page.reply("epochs", events, cursor: \.numberText) { json, event in json.raw(event.data) }
  }

  private func log(_ request: Request) throws(Problem) -> Response {
    let job = try context.job(request)
    let events = try context.ask { (store) throws(StoreError) in
      try
        (store.events(of: job.id, kind: .log, limit: 10_000)
        + store.events(of: job.id, kind: .state, limit: 10_000))
        .sorted { $0.number < $1.number }
    }
    return Response(contentType: "text/plain; charset=utf-8", content: .text(events.map(\.line).joined()))
  }

  // MARK: Cancel and delete

  private func cancel(_ request: Request) throws(Problem) -> Response {
    let id = try context.job(request).id
    let job = try context.ask { (store) throws(StoreError) in try store.cancel(id) }
    guard let job else { throw JobContext.noJob }
    guard job.state != .succeeded, job.state != .failed else {
      throw Problem(status: 409, detail: "The job has ended already: it has \(job.state.rawValue).")
    }
    return .json(job.json, status: job.state.isFinal ? 200 : 202)
  }

  private func delete(_ request: Request) throws(Problem) -> Response {
    let id = try context.job(request).id
    switch try context.ask({ (store) throws(StoreError) in try store.delete(id) }) {
    case .missing: throw JobContext.noJob
    case .inUse(by: [id]):
      throw Problem(status: 409, detail: "The job has not ended: cancel it first.")
    case .inUse(let users):
      throw Problem(
        status: 409, detail: "Jobs that have not ended start from it: \(users.joined(separator: ", ")).")
    case .deleted:
      context.folder.remove(job: id)
      return Response(status: 204)
    }
  }
}

extension Request {
  /// What a client is called where jobs are counted.
  fileprivate var clientName: String {
    visitor?.account.map { "token " + $0 } ?? "address " + (visitor?.network ?? head.peer.description)
  }
}

extension JobEvent {
  fileprivate var numberText: String { "\(number)" }
}
