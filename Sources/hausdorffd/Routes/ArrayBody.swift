import HTTPServer
import Hausdorff
import MaskFormats

/// Reads the three kinds of body that carry a pair of arrays.
enum ArrayBody {
  /// The media type of bytes without a header.
  static let rawType = "application/octet-stream"
  static let jsonType = "application/json"
  static let formType = "multipart/form-data"
  static let types = [jsonType, rawType, formType]
  private static let arrayNames = ArrayName.allCases.map(\.rawValue)
  private static let rawOptions = ["shape", "dtype", "dtype_true", "dtype_pred"]

  /// - Parameters:
  ///   - takesLabels: whether y_true may lack the channels that y_pred has.
  ///   - perform: decodes two files at a time.
  /// - Throws: a problem that names the field at fault.
  static func read(
    _ request: Request, limits: FormatLimits, takesLabels: Bool = false, perform: Score.Perform = Score.inTurn
  ) throws(Problem) -> ArrayPair {
    switch request.mediaType {
    case jsonType: try readJSON(request, limits)
    case rawType: try readRaw(request, limits, takesLabels)
    default: try readForm(request, limits, perform)
    }
  }

  private static func readJSON(_ request: Request, _ limits: FormatLimits) throws(Problem) -> ArrayPair {
    try pair(parseJSON(request, limits))
  }

  /// - Parameter listName: the member that is a list of pairs, where there may be one.
  static func parseJSON(
    _ request: Request, _ limits: FormatLimits, listName: String? = nil
  ) throws(Problem) -> JSONRequest {
    try refuseQuery(of: request, because: "options of a JSON request are members of its body")
    do throws(FormatError) {
      return try JSONRequest.parse(request.body, arrayNames: arrayNames, listName: listName, limits: limits)
    } catch {
      throw Problem(error, at: nil)
    }
  }

  /// The one pair of a JSON request.
  static func pair(_ parsed: JSONRequest) throws(Problem) -> ArrayPair {
    func array(_ name: ArrayName) throws(RequestError) -> NumericArray {
      guard let array = parsed.arrays[name.rawValue] else {
        throw RequestError(name.location(json: true), "is missing")
      }
      return array
    }
    return try Problem.from { () throws(RequestError) in
      try ArrayPair(
        truth: array(.truth), prediction: array(.prediction), options: OptionList(json: parsed.options),
        isJSON: true)
    }
  }

  private static func readRaw(
    _ request: Request, _ limits: FormatLimits, _ takesLabels: Bool
  ) throws(Problem) -> ArrayPair {
    return try Problem.from { () throws(RequestError) in
      var options = try OptionList(text: request.head.query.map { ($0.name, $0.value) })
      let (shape, shapeOption) = try takeShape(&options)
      let common = try options.take("dtype")?.choice(RawType.self) ?? .scalar(.uint8)
      let truthType = try options.take("dtype_true")?.choice(RawType.self) ?? common
      let predictionType = try options.take("dtype_pred")?.choice(RawType.self) ?? common
      try checkPoints(shape, shapeOption, limits)
      var (truthShape, middle) = (shape, truthType.byteCount(shape: shape))
      let predictionBytes = predictionType.byteCount(shape: shape)
      if takesLabels, request.body.count != middle + predictionBytes {
        let layout = try Layout(options["layout"], shape: shape, shapeOption.location)
        let labels = layout.withoutChannels(shape)
        let bytes = truthType.byteCount(shape: labels)
        if request.body.count == bytes + predictionBytes { (truthShape, middle) = (labels, bytes) }
      }
      let end = middle + predictionBytes
      guard request.body.count == end else {
        throw RequestError(
          shapeOption.location,
          "two arrays of shape \(shape) as \(truthType.rawValue) and \(predictionType.rawValue) take \(end) bytes; the body has \(request.body.count)"
        )
      }
      func array(
        _ range: Range<Int>, _ shape: [Int], _ type: RawType
      ) throws(RequestError) -> NumericArray {
        do throws(FormatError) {
          return try Raw.array(request.body, range: range, shape: shape, type: type, limits: limits)
        } catch {
          throw RequestError(shapeOption.location, error.detail, status: error.kind == .tooLarge ? 413 : 422)
        }
      }
      return try ArrayPair(
        truth: array(0..<middle, truthShape, truthType),
        prediction: array(middle..<end, shape, predictionType), options: options, isJSON: false,
        taken: rawOptions)
    }
  }

  /// The option `shape`, which raw bytes need.
  static func takeShape(
    _ options: inout OptionList
  ) throws(RequestError) -> (shape: [Int], OptionList.Entry) {
    guard let option = options.take("shape") else {
      throw RequestError(.parameter("shape"), "is missing: raw bytes need the shape of an array")
    }
    let shape = try option.string().split(separator: ",", omittingEmptySubsequences: false).map {
      Int($0) ?? 0
    }
    guard shape.count <= 5, shape.allSatisfy({ $0 > 0 }) else {
      throw RequestError(option.location, "must be at most 5 positive integers, as in 256,256")
    }
    return (shape, option)
  }

  /// Refuses a shape with more points than an array may have bytes.
  static func checkPoints(
    _ shape: [Int], _ option: OptionList.Entry, _ limits: FormatLimits
  ) throws(RequestError) {
    var points = 1
    for extent in shape {
      let (product, overflow) = points.multipliedReportingOverflow(by: extent)
      guard !overflow, product <= limits.maximumBytes else {
        throw RequestError(
          option.location, "\(shape) has more points than the limit of \(limits.maximumBytes)", status: 413)
      }
      points = product
    }
  }

  private static func readForm(
    _ request: Request, _ limits: FormatLimits, _ perform: Score.Perform
  ) throws(Problem) -> ArrayPair {
    let form = try Form(request)
    return try form.pair(
      form.part(.truth), form.part(.prediction), options: form.options, limits, perform: perform)
  }

  /// The two files and the options of a form.
  struct Form: Sendable {
    let body: Body
    private let files: [ArrayName: [Multipart.Part]]
    let options: OptionList

    init(_ request: Request) throws(Problem) {
      body = request.body
      var files: [ArrayName: [Multipart.Part]] = [:]
      var fields: [(name: String, value: String)] = []
      for part in try ArrayBody.parts(of: request) {
        if let name = ArrayName(rawValue: part.name) {
          files[name, default: []].append(part)
        } else {
          fields.append((part.name, try ArrayBody.text(of: part, in: request.body)))
        }
      }
      self.files = files
      let pairs = fields
      options = try Problem.from { () throws(RequestError) in try OptionList(text: pairs) }
    }

    /// The one file of that name.
    func part(_ name: ArrayName) throws(Problem) -> Multipart.Part {
      let location = name.location(json: false)
      guard let found = files[name] else {
        throw Problem(
          RequestError(location, "is missing: the form needs a file of this name", status: 400))
      }
      guard found.count == 1 else { throw Problem(RequestError(location, "is given twice", status: 400)) }
      return found[0]
    }

    /// Files in pairs, where there are several of each name; nil where there is one of each.
    func list() throws(Problem) -> [(truth: Multipart.Part, prediction: Multipart.Part)]? {
      let (truths, predictions) = (files[.truth] ?? [], files[.prediction] ?? [])
      guard max(truths.count, predictions.count) > 1 else { return nil }
      guard truths.count == predictions.count else {
        throw Problem(
          RequestError(
            ArrayName.prediction.location(json: false),
            "is there \(predictions.count) times, and y_true \(truths.count) times; several pairs need as many of both",
            status: 400))
      }
      return Array(zip(truths, predictions))
    }

    /// Decodes two files.
    func pair(
      _ truth: Multipart.Part, _ prediction: Multipart.Part, options: OptionList, _ limits: FormatLimits,
      perform: Score.Perform = Score.inTurn
    ) throws(Problem) -> ArrayPair {
      // As many as may be packed in the files.
      let points = 1024 * (truth.range.count + prediction.range.count)
      let files = Score.both(points: points, perform: perform) { [body] number in
        Result { () throws(FormatError) in
          try ArrayFile.decode(body, range: (number == 0 ? truth : prediction).range, limits: limits)
        }
      }
      func array(_ file: Result<NumericArray, FormatError>, _ name: ArrayName) throws(Problem) -> NumericArray
      {
        do throws(FormatError) { return try file.get() } catch {
          throw Problem(error, at: name.location(json: false))
        }
      }
      let arrays = (try array(files.0, .truth), try array(files.1, .prediction))
      return try Problem.from { () throws(RequestError) in
        try ArrayPair(
          truth: arrays.0, prediction: arrays.1, options: options, isJSON: false)
      }
    }
  }

  /// The parts of a form, whose options are its fields.
  static func parts(of request: Request) throws(Problem) -> [Multipart.Part] {
    try refuseQuery(of: request, because: "options of a form are its fields")
    guard let type = request.head.contentType else {
      throw Problem(status: 415, detail: "The Content-Type is malformed.")
    }
    return try request.body.withBytes { (bytes) throws(Problem) in
      try Multipart.parts(of: bytes, contentType: type)
    }
  }

  /// A form field's value: UTF-8 of at most 64 KiB.
  static func text(of part: Multipart.Part, in body: Body) throws(Problem) -> String {
    let text =
      part.range.count > 64 << 10
      ? nil
      : body.withBytes { bytes in
        bytes.extracting(part.range).withUnsafeBytes { String(validating: $0, as: UTF8.self) }
      }
    guard let text else {
      throw Problem(
        RequestError(
          .parameter(String(part.name.prefix(80))), "is not a field of at most 64 KiB of UTF-8", status: 400))
    }
    return text
  }

  /// Refuses a request that has options in its query, where they are elsewhere.
  static func refuseQuery(of request: Request, because reason: String) throws(Problem) {
    guard let item = request.head.query.first else { return }
    throw Problem(RequestError(.parameter(item.name), "is not taken from the query: \(reason)", status: 400))
  }
}
