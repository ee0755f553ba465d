import HTTPServer
import Hausdorff
import MaskFormats

/// What a request for a prediction brings: an image, perhaps its true mask, and options.
struct PredictBody {
  static let types = ArrayBody.types

  let image: NumericArray
  let truth: NumericArray?
  let options: OptionList
  let isJSON: Bool

  func location(_ name: String) -> Problem.FieldError.Location {
    isJSON ? .pointer("/\(name)") : .parameter(name)
  }

  /// Reads JSON, a form, or raw bytes of the image alone.
  init(_ request: Request, limits: FormatLimits) throws(Problem) {
    isJSON = request.mediaType == ArrayBody.jsonType
    switch request.mediaType {
    case ArrayBody.jsonType:
      do throws(FormatError) {
        let parsed = try JSONRequest.parse(
          request.body, arrayNames: ["image", "y_true"], imageName: "image", limits: limits)
        (image, truth) = (try parsed.arrays["image"].orMissing(), parsed.arrays["y_true"]?.slice)
        options = OptionList(json: parsed.options)
      } catch {
        throw Problem(error, at: error.detail == Self.missing ? .pointer("/image") : nil)
      }
    case ArrayBody.rawType:
      (image, options) = try Problem.from { () throws(RequestError) in try Self.raw(request, limits) }
      truth = nil
    default:
      var files: [String: NumericArray] = [:]
      var fields: [(name: String, value: String)] = []
      for part in try ArrayBody.parts(of: request) {
        guard part.name == "image" || part.name == "y_true" else {
          fields.append((part.name, try ArrayBody.text(of: part, in: request.body)))
          continue
        }
        guard files[part.name] == nil else {
          throw Problem(RequestError(.parameter(part.name), "is given twice", status: 400))
        }
        do throws(FormatError) {
          files[part.name] =
            part.name == "image"
            ? try ArrayFile.decodeImage(request.body, range: part.range, limits: limits)
            : try ArrayFile.decode(request.body, range: part.range, limits: limits).slice
        } catch {
          throw Problem(error, at: .parameter(part.name))
        }
      }
      guard let file = files["image"] else {
        throw Problem(
          RequestError(.parameter("image"), "is missing: the form needs a file of this name", status: 400))
      }
      (image, truth) = (file, files["y_true"])
      let pairs = fields
      options = try Problem.from { () throws(RequestError) in try OptionList(text: pairs) }
    }
  }

  private static func raw(
    _ request: Request, _ limits: FormatLimits
  ) throws(RequestError) -> (NumericArray, OptionList) {
    var options = try OptionList(text: request.head.query.map { ($0.name, $0.value) })
    let (shape, option) = try ArrayBody.takeShape(&options)
    let type = try options.take("dtype")?.choice(RawType.self) ?? .scalar(.uint8)
    try ArrayBody.checkPoints(shape, option, limits)
    let needed = type.byteCount(shape: shape)
    guard request.body.count == needed else {
      throw RequestError(
        option.location,
        "an image of shape \(shape) as \(type.rawValue) takes \(needed) bytes; the body has \(request.body.count)"
      )
    }
    do throws(FormatError) {
      return (
        try Raw.array(request.body, range: 0..<needed, shape: shape, type: type, limits: limits), options
      )
    } catch {
      throw RequestError(option.location, error.detail, status: error.kind == .tooLarge ? 413 : 422)
    }
  }

  fileprivate static let missing = "'image' is missing"
}

extension NumericArray? {
  fileprivate func orMissing() throws(FormatError) -> NumericArray {
    guard let self else { throw FormatError(.malformed, PredictBody.missing) }
    return self
  }
}
