import HTTPServer
import Logging
import MaskFormats
import Training
import UNet

/// What all routes of training share.
struct JobContext: Sendable {
  let store: JobStore
  let folder: DataFolder
  /// The threads that ask the store, apart from those that score.
  let pool: ScoringPool
  let limits: FormatLimits
  let logger: Logger

  /// Answers by a closure that may wait for the store or the disk.
  func answer(
    _ body: @escaping @Sendable () throws(Problem) -> Response
  ) -> Answer {
    let deadline = ContinuousClock.now + pool.limits.deadline
    return .later { responder in
      pool.submit {
        if let problem = responder.reasonToStop(deadline) {
          responder.respond(problem)
          return
        }
        do throws(Problem) { responder.respond(try body()) } catch { responder.respond(error) }
      }
    }
  }

  /// Calls the store; what it throws is logged and becomes a problem, which tells clients less.
  func ask<Value>(_ body: (JobStore) throws(StoreError) -> Value) throws(Problem) -> Value {
    do throws(StoreError) { return try body(store) } catch {
      logger.warning("a request was refused, for the job store failed: \(error)")
      throw Problem(error)
    }
  }

  /// The job that a path names, where whoever asks may see it.
  func job(_ request: Request) throws(Problem) -> Job { try job(request, id: request.pathParameters["id"]) }

  /// The job of an id that a request names in some other way; likewise.
  func job(_ request: Request, id: String) throws(Problem) -> Job {
    guard let job = try job(id, scope: request.scope) else { throw Self.noJob }
    return job
  }

  /// The job of that id; nil where there is none, or it is not of the account that `scope` is.
  func job(_ id: String, scope: String?) throws(Problem) -> Job? {
    guard UUIDv7.isValid(id), let job = try ask({ (store) throws(StoreError) in try store.job(id) }),
      scope == nil || job.account == scope
    else { return nil }
    return job
  }

  /// The data set of that id; likewise.
  func dataSet(_ id: String, scope: String?) throws(Problem) -> JobStore.DataSetRecord? {
    guard UUIDv7.isValid(id), let record = try ask({ (store) throws(StoreError) in try store.dataSet(id) }),
      scope == nil || record.account == scope
    else { return nil }
    return record
  }

  static let noJob = Problem(status: 404, detail: "There is no training job of this id.")
  static let noDataSet = Problem(status: 404, detail: "There is no data set of this id.")

  /// The members of a body, which is a JSON object.
  func members(_ request: Request) throws(Problem) -> [JSONMember] {
    do throws(FormatError) {
      return try JSONRequest.parse(request.body, arrayNames: [], limits: limits).options
    } catch {
      throw Problem(error, at: nil)
    }
  }
}

/// Which part of a list is wanted: `limit` and `cursor` of the query.
struct Page {
  let limit: Int
  let cursor: OptionList.Entry?

  /// Takes both out of a query.
  init(_ options: inout OptionList, limit: Int = 50, most: Int = 1000) throws(RequestError) {
    self.limit = try options.take("limit")?.integer(in: 1...most) ?? limit
    cursor = options.take("cursor")
  }

  /// The list as far as it goes, with the cursor of the next part where there is one: `elements` are one more then.
  func reply<Element>(
    _ name: String, _ elements: [Element], cursor: (Element) -> String,
    _ write: (inout JSONWriter, Element) -> Void
  ) -> Response {
    var json = JSONWriter()
    json.object { json in
      json.member(name) { $0.array(elements.prefix(limit), write) }
      json.member("next_cursor", elements.count > limit ? cursor(elements[limit - 1]) : nil)
    }
    return .json(.bytes(json.bytes))
  }
}
