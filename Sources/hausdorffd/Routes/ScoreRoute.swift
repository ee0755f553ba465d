import HTTPServer
import Hausdorff
import MaskFormats

/// `POST /v1/score`
struct ScoreRoute: Sendable {
  let pool: ScoringPool
  let limits: FormatLimits

  /// Bodies of other kinds than raw arrays are read on the thread that received them up to this many bytes, also decoded.
  static let smallBytes = 16 << 10

  var route: Route {
    Route(
      .post, "/v1/score",
      consumes: ArrayBody.types, codings: Request.codings,
      produces: [ArrayBody.jsonType, ScorePicture.mediaType],
      admit: { _ throws(Problem) in try pool.admit() },
      handle: { request throws(Problem) in try answer(request) })
  }

  /// Scores that take less than the way to a worker and back are made on the thread that received the request.
  private func answer(_ request: Request) throws(Problem) -> Answer {
    let known = try readAtOnce(request)
    if let known, known.isQuick, request.answerType != ScorePicture.mediaType {
      return .now(.json(.bytes(try known.replyAtOnce().json)))
    }
    let deadline = ContinuousClock.now + pool.limits.deadline
    return .later { responder in
      pool.submit {
        do throws(Problem) {
          responder.respond(try answer(request, known) { responder.reasonToStop(deadline) })
        } catch {
          responder.respond(error)
        }
      }
    }
  }

  /// Answers on a worker.
  private func answer(
    _ request: Request, _ known: ScoreSheet?, reasonToStop: @escaping @Sendable () -> Problem?
  ) throws(Problem) -> Response {
    if let problem = reasonToStop() { throw problem }
    let sheet = if let known { known } else { try read(request.unpacked(limits), limits) }
    if request.answerType == ScorePicture.mediaType {
      return try picture(of: sheet.single(), request, reasonToStop: reasonToStop)
    }
    let reply = try sheet.reply(reasonToStop: reasonToStop) { count, each in
      if count == 1 { each(0) } else { pool.perform(count, each) }
    }
    return .json(.bytes(reply.json))
  }

  private func picture(
    of score: ScoreRequest, _ request: Request, reasonToStop: @escaping @Sendable () -> Problem?
  ) throws(Problem) -> Response {
    let picture = try Problem.from { () throws(RequestError) in try ScorePicture(score) }
    try request.reserve(picture.workingBytes)
    let drawn = try picture.draw(reasonToStop: reasonToStop)
    var headers: Headers = [:]
    if let loss = drawn.score.values.first ?? nil { headers.append("Loss", JSONWriter.text(loss)) }
    return Response(contentType: ScorePicture.mediaType, headers: headers, content: .bytes(drawn.png))
  }

  /// The request, where reading it takes next to no time.
  private func readAtOnce(_ request: Request) throws(Problem) -> ScoreSheet? {
    guard request.head.contentCoding == nil else { return nil }
    if request.mediaType == ArrayBody.rawType {
      return request.hasBits ? nil : try read(request, limits)
    }
    // Files may take long to decode, however small.
    guard request.body.count <= Self.smallBytes, request.mediaType == ArrayBody.jsonType else {
      return nil
    }
    var small = limits
    small.maximumBytes = Self.smallBytes
    small.decodesFiles = false
    do throws(Problem) {
      let sheet = try read(request, small)
      // The pairs of a list are decoded under the limits that it was read with.
      return sheet.isList ? nil : sheet
    } catch {
      // Larger when decoded: a worker reads it.
      if error.status == 413 { return nil }
      throw error
    }
  }

  /// Reads a request, and counts what was decoded of one pair among the bytes of requests; of several, one is decoded when
  /// its turn comes.
  private func read(_ request: Request, _ limits: FormatLimits) throws(Problem) -> ScoreSheet {
    let arrays: ArrayPair
    switch request.mediaType {
    case ArrayBody.jsonType:
      let parsed = try ArrayBody.parseJSON(request, limits, listName: Self.listName)
      if let list = parsed.list { return try Self.sheet(parsed, list, limits) }
      arrays = try ArrayBody.pair(parsed)
    case ArrayBody.formType:
      let form = try ArrayBody.Form(request)
      if let list = try form.list() { return try Self.sheet(form, list, limits) }
      arrays = try form.pair(
        form.part(.truth), form.part(.prediction), options: form.options, limits, perform: pool.perform)
    default: arrays = try ArrayBody.read(request, limits: limits, takesLabels: true)
    }
    // Raw arrays lie in the body, which is counted already.
    if request.mediaType != ArrayBody.rawType || request.hasBits {
      try request.reserve(arrays.truth.byteCount + arrays.prediction.byteCount)
    }
    return try Problem.from { () throws(RequestError) in ScoreSheet(try ScoreRequest(arrays)) }
  }

  static let listName = "pairs"

  /// The pairs of a form with several files of each name, decoded in their turn.
  private static func sheet(
    _ form: ArrayBody.Form, _ list: [(truth: Multipart.Part, prediction: Multipart.Part)],
    _ limits: FormatLimits
  ) throws(Problem) -> ScoreSheet {
    let (ofPairs, settings) = try Problem.from { () throws(RequestError) in
      try ScoreSettings.takeAll(form.options)
    }
    let pairs: [ScoreSheet.Pair] = list.map { (truth, prediction) in
      {
        Result { () throws(Problem) in
          let arrays = try form.pair(truth, prediction, options: ofPairs, limits)
          return try Problem.from { () throws(RequestError) in try ScoreRequest(arrays, settings) }
        }
      }
    }
    return ScoreSheet(settings, list: pairs, isJSON: false)
  }

  /// Where a pair of a JSON list is.
  static func pointer(toPair number: Int) -> String { "/\(listName)/\(number)" }

  /// The pairs of a JSON list, decoded in their turn.
  private static func sheet(
    _ parsed: JSONRequest, _ list: [JSONRequest.Element], _ limits: FormatLimits
  ) throws(Problem) -> ScoreSheet {
    let (ofPairs, settings) = try Problem.from { () throws(RequestError) in
      if let name = parsed.arrays.keys.sorted().first {
        throw RequestError(.pointer("/" + name), "stands beside \(listName)")
      }
      guard !list.isEmpty else { throw RequestError(.pointer("/" + listName), "is empty") }
      return try ScoreSettings.takeAll(OptionList(json: parsed.options))
    }
    let pairs: [ScoreSheet.Pair] = list.enumerated().map { number, element in
      {
        Result { () throws(Problem) in
          let pointer = pointer(toPair: number)
          let (truth, prediction) = try arrays(of: element, at: pointer, limits)
          return try Problem.from { () throws(RequestError) in
            try ScoreRequest(
              ArrayPair(
                truth: truth, prediction: prediction, options: ofPairs, isJSON: true, pointer: pointer),
              settings)
          }
        }
      }
    }
    return ScoreSheet(settings, list: pairs, isJSON: true)
  }

  /// Decodes the arrays of a pair of a JSON list.
  private static func arrays(
    of element: JSONRequest.Element, at pointer: String, _ limits: FormatLimits
  ) throws(Problem) -> (truth: NumericArray, prediction: NumericArray) {
    func array(_ name: ArrayName) throws(Problem) -> NumericArray {
      let found: NumericArray?
      do throws(FormatError) {
        let encoded = try element.get()[name.rawValue]
        do throws(FormatError) { found = try encoded?.array(limits: limits) } catch {
          throw error.at("/" + name.rawValue)
        }
      } catch {
        throw Problem(error.at(pointer), at: nil)
      }
      guard let found else {
        throw Problem(RequestError(name.location(json: true, in: pointer), "is missing"))
      }
      return found
    }
    return (try array(.truth), try array(.prediction))
  }
}

extension Request {
  /// Whether its arrays are of bits, which take eight times the memory once they are unpacked.
  fileprivate var hasBits: Bool {
    head.query.contains { $0.name.hasPrefix("dtype") && $0.value == RawType.bit.rawValue }
  }
}
