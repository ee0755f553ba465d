import Dispatch
import HTTPServer
import MaskFormats
import Training

/// `/v1/datasets`: archives in, data sets out.
struct DataSetRoutes: Sendable {
  let context: JobContext
  /// Most bytes of one upload, and of all data sets together.
  let uploadLimit: Int
  let totalLimit: Int
  private let spool: SpoolFolder
  private let imports: ImportPlaces
  private let queue = DispatchQueue(label: "hausdorffd.import", qos: .utility)

  private static let formType = "multipart/form-data"
  private static let archiveTypes = [
    "application/zip", "application/gzip", "application/x-gzip", "application/x-tar",
    "application/octet-stream",
  ]
  /// Most members and samples of an archive: whoever submits a job reads the index of all its samples.
  private static let maximumFiles = 1 << 19
  /// Seconds after which a data set is forgotten whose server died while it took it over.
  private static let lease = 60.0

  init(context: JobContext, uploadLimit: Int, totalLimit: Int) {
    (self.context, self.uploadLimit, self.totalLimit) = (context, uploadLimit, totalLimit)
    let room = UploadRoom(limit: totalLimit)
    imports = ImportPlaces()
    spool = SpoolFolder(context.folder.dataSets) { room.admission() }
  }

  var routes: [Route] {
    [
      Route(
        .post, "/v1/datasets", consumes: [ArrayBody.jsonType, Self.formType] + Self.archiveTypes,
        maximumBody: uploadLimit, spool: spool,
        admit: { _ throws(Problem) in try imports.admit(context.pool) },
        handle: { request in
          // One at a time, beside what scores; the queue is as long as imports are admitted.
          .later { responder in
            queue.async {
              do throws(Problem) { responder.respond(try create(request, responder)) } catch {
                responder.respond(error)
              }
            }
          }
        }),
      Route(
        .get, "/v1/datasets", admit: admit,
        handle: { request in context.answer { () throws(Problem) in try list(request) } }),
      Route(
        .get, "/v1/datasets/{id}", admit: admit,
        handle: { request in
          context.answer { () throws(Problem) in .json(.bytes(Self.json(try record(request)))) }
        }),
      Route(
        .delete, "/v1/datasets/{id}", admit: admit,
        handle: { request in context.answer { () throws(Problem) in try delete(request) } }),
    ]
  }

  @Sendable private func admit(_ head: RequestHead) throws(Problem) -> (any Admission)? {
    try context.pool.admit()
  }

  // MARK: Create

  /// What a request brings.
  private enum Source {
    case archive(Range<Int>)
    case synthetic(SyntheticShapes)
  }

  private func create(_ request: Request, _ responder: Responder) throws(Problem) -> Response {
    guard !responder.clientIsGone else { throw .clientHasGone }
    let (source, name) = try source(request)
    let id = UUIDv7.next()
    var bytes = request.body.count
    if case .synthetic(let shapes) = source { bytes = shapes.byteCount }
    let begun = try context.ask { (store) throws(StoreError) in
      try store.beginDataSet(
        id, name: name, account: request.visitor?.account, bytes: bytes, milliseconds: Int(Self.lease * 1000),
        limit: totalLimit)
    }
    guard begun else { throw noRoom }
    do throws(Problem) {
      let set = try importing(source, id, request, responder)
      let isKept = try context.ask { (store) throws(StoreError) in
        try store.completeDataSet(
          id, bytes: set.byteCount, description: Self.description(of: set), limit: totalLimit)
      }
      guard isKept else { throw noRoom }
    } catch {
      abandon(id)
      throw error
    }
    let record = try context.ask { (store) throws(StoreError) in try store.dataSet(id) }
    guard let record else { throw JobContext.noDataSet }
    return Response(
      status: 201, contentType: "application/json", headers: ["Location": "/v1/datasets/\(id)"],
      content: .bytes(Self.json(record)))
  }

  /// Forgets a data set, unless it is there after all: an answer of the store may have been lost. What cannot be forgotten now the
  /// store forgets by itself.
  private func abandon(_ id: String) {
    do throws(StoreError) {
      try context.store.abandonDataSet(id)
      if try context.store.dataSet(id) == nil { context.folder.remove(dataSet: id) }
    } catch {
      return
    }
  }

  private var noRoom: Problem {
    Problem(status: 507, detail: "The data sets may have \(totalLimit) bytes together; delete some first.")
  }

  private func source(_ request: Request) throws(Problem) -> (Source, name: String?) {
    switch request.mediaType {
    case ArrayBody.jsonType: try synthetic(request)
    case Self.formType: try form(request)
    default: (.archive(0..<request.body.count), try queryName(request))
    }
  }

  private func queryName(_ request: Request) throws(Problem) -> String? {
    try Problem.from { () throws(RequestError) in
      var options = try OptionList(text: request.head.query.map { ($0.name, $0.value) })
      let name = try options.take("name")?.title()
      try options.refuseRest(known: ["name"])
      return name
    } ?? nil
  }

  private func synthetic(_ request: Request) throws(Problem) -> (Source, name: String?) {
    try ArrayBody.refuseQuery(of: request, because: "options of a JSON request are members of its body")
    let members = try context.members(request)
    return try Problem.from { () throws(RequestError) in
      var list = OptionList(json: members)
      var name: String?
      list.read("name", into: &name) { (option) throws(RequestError) in try option.title() }
      var shapes = SyntheticShapes()
      if list["synthetic"] == nil {
        list.addFault(at: .pointer("/synthetic"), "is missing: an object of options, perhaps empty")
      } else if var options = list.takeList("synthetic") {
        shapes.read(&options)
        list.takeFaults(of: options, known: SyntheticShapes.optionNames)
      }
      try list.refuseRest(known: ["name", "synthetic"])
      return (.synthetic(shapes), name)
    }
  }

  private func form(_ request: Request) throws(Problem) -> (Source, name: String?) {
    let parts = try ArrayBody.parts(of: request)
    var file: Multipart.Part?
    var name: String?
    for part in parts {
      switch part.name {
      case "file" where file == nil: file = part
      case "name" where name == nil:
        let text = try ArrayBody.text(of: part, in: request.body)
        name = try Problem.from { () throws(RequestError) in
          try OptionList.Entry(name: "name", value: .text(text), location: .parameter("name")).title()
        }
      default:
        throw Problem(
          RequestError(
            .parameter(String(part.name.prefix(80))),
            "is not taken: a form has one 'file', an archive, and a 'name' perhaps"))
      }
    }
    guard let file else {
      throw Problem(RequestError(.parameter("file"), "is missing: the archive", status: 400))
    }
    return (.archive(file.range), name ?? file.filename.flatMap(Self.title))
  }

  /// A file's name as a title, where it can be one.
  private static func title(_ filename: String) -> String? {
    let entry = OptionList.Entry(name: "file", value: .text(filename), location: .parameter("file"))
    return (try? entry.title()) ?? nil
  }

  private func importing(
    _ source: Source, _ id: String, _ request: Request, _ responder: Responder
  ) throws(Problem) -> DataSet {
    let path = context.folder.dataSet(id)
    var (looked, renewed) = (LeaseKeeper.now, LeaseKeeper.now)
    let progress: DataSet.Progress = { (_, _) throws(DataSetError) in
      let now = LeaseKeeper.now
      guard now - looked > 0.5 else { return }
      looked = now
      guard !responder.clientIsGone else {
        throw DataSetError(.unavailable, "nobody waits for it any more")
      }
      guard now - renewed > Self.lease / 6 else { return }
      renewed = now
      do throws(StoreError) {
        guard try context.store.renewDataSet(id, milliseconds: Int(Self.lease * 1000)) else {
          throw StoreError.forgotten
        }
      } catch {
        throw DataSetError(.unavailable, error.detail)
      }
    }
    switch source {
    case .synthetic(let shapes):
      return try Self.importing { () throws(DataSetError) in
        try DataSet.drawing(shapes, keptAs: path, progress: progress)
      }
    case .archive(let range):
      let total = try context.ask { (store) throws(StoreError) in try store.dataSetBytes() }
      let limits = ImportLimits(
        maximumBytes: max(1, totalLimit - total), maximumFileBytes: context.limits.maximumBytes,
        maximumFiles: Self.maximumFiles)
      return try Self.importing { () throws(DataSetError) in
        try DataSet.importing(
          archive: request.body, range: range, name: "archive", keptAs: path, limits: limits,
          progress: progress)
      }
    }
  }

  private static func importing(_ body: () throws(DataSetError) -> DataSet) throws(Problem) -> DataSet {
    do throws(DataSetError) { return try body() } catch { throw Problem(error) }
  }

  // MARK: Look and delete

  private static func description(of set: DataSet) -> String {
    var sizes: [[Int]] = []
    for index in 0..<set.count where sizes.count < 100 {
      let (height, width) = set.size(of: index)
      if !sizes.contains([height, width]) { sizes.append([height, width]) }
    }
    return JSONWriter.text { json in
      json.member("samples", set.count)
      json.member("channels", set.channels)
      json.member("classes", max(2, set.largestLabel + 1))
      json.member("shapes") { $0.array(sizes) { json, size in json.array(size) { $0.value($1) } } }
      json.member("sha256", set.digest)
    }
  }

  private static func write(_ record: JobStore.DataSetRecord, to json: inout JSONWriter) {
    json.object { json in
      json.member("id", record.id)
      json.member("name", record.name)
      json.member("state", record.state.rawValue)
      json.member("created_at", Timestamp.text(record.createdAt))
      json.member("bytes", record.bytes)
      json.member("description") { $0.raw(record.description) }
    }
  }

  private static func json(_ record: JobStore.DataSetRecord) -> [UInt8] {
    var json = JSONWriter()
    write(record, to: &json)
    return json.bytes
  }

  private func record(_ request: Request) throws(Problem) -> JobStore.DataSetRecord {
    guard let record = try context.dataSet(request.pathParameters["id"], scope: request.scope) else {
      throw JobContext.noDataSet
    }
    return record
  }

  private func list(_ request: Request) throws(Problem) -> Response {
    let (page, before) = try Problem.from { () throws(RequestError) in
      var options = try OptionList(text: request.head.query.map { ($0.name, $0.value) })
      let page = try Page(&options)
      let before = try page.cursor?.identifier()
      try options.refuseRest(known: ["limit", "cursor"])
      return (page, before)
    }
    let records = try context.ask { (store) throws(StoreError) in
      try store.dataSets(of: request.scope, before: before, limit: page.limit + 1)
    }
    return page.reply("datasets", records, cursor: \.id) { json, record in Self.write(record, to: &json) }
  }

  private func delete(_ request: Request) throws(Problem) -> Response {
    let record = try record(request)
    switch try context.ask({ (store) throws(StoreError) in try store.deleteDataSet(record.id) }) {
    case .missing: throw JobContext.noDataSet
    case .inUse(let users):
      let reason =
        users.isEmpty
        ? "The data set is still being taken over."
        : "Jobs that have not ended use it: \(users.joined(separator: ", "))."
      throw Problem(status: 409, detail: reason)
    case .deleted:
      context.folder.remove(dataSet: record.id)
      return Response(status: 204)
    }
  }
}

extension StoreError {
  fileprivate static let forgotten = StoreError(.unavailable, "the store has given it up")
}

extension SyntheticShapes {
  /// About what their data set takes: 16 bits a pixel, and a label.
  fileprivate var byteCount: Int { samples * (3 * height * width + 128) }

  /// Most pixels of all images, so that none waits for minutes behind them.
  private static let maximumPixels = 1 << 28

  static let optionNames = ["samples", "size", "noise", "blur", "distractors", "classes", "empty", "seed"]

  /// Takes options out of a list; what is at fault the list tells when its rest is refused.
  fileprivate mutating func read(_ list: inout OptionList) {
    list.read("samples", into: &samples) { (option) throws(RequestError) in
      try option.integer(in: 1...100_000)
    }
    var size = [height, width]
    list.read("size", into: &size) { (option) throws(RequestError) in
      let size = try option.numbers().map { Int(exactly: $0) ?? 0 }
      guard (1...2).contains(size.count), size.allSatisfy({ (16...4096).contains($0) }) else {
        throw RequestError(
          option.location, "must be a height and a width of 16 to 4096, or one number for both")
      }
      return [size[0], size.last!]
    }
    (height, width) = (size[0], size[1])
    let most = Self.maximumPixels / (height * width)
    if samples > most {
      list.addFault(
        at: .pointer("/synthetic/samples"), "must be at most \(most) of \(height)×\(width) pixels")
    }
    list.read("noise", into: &noise) { (option) throws(RequestError) in try option.number(in: 0...4) }
    list.read("blur", into: &blur) { (option) throws(RequestError) in try option.number(in: 0...16) }
    list.read("distractors", into: &distractors) { (option) throws(RequestError) in
      try option.integer(in: 0...64)
    }
    list.read("classes", into: &classes) { (option) throws(RequestError) in try option.integer(in: 1...8) }
    list.read("empty", into: &emptyShare) { (option) throws(RequestError) in try option.number(in: 0...1) }
    list.read("seed", into: &seed) { (option) throws(RequestError) in
      UInt64(try option.integer(in: 0...(1 << 53) - 1))
    }
  }
}
