import HTTPServer
import Hausdorff
import MaskFormats

/// The two arrays of a request.
enum ArrayName: String, CaseIterable {
  case truth = "y_true"
  case prediction = "y_pred"

  /// Where it is, for messages; in JSON, within what `pointer` leads to.
  func location(json: Bool, in pointer: String = "") -> Problem.FieldError.Location {
    json ? .pointer("\(pointer)/\(rawValue)") : .parameter(rawValue)
  }
}

/// Two arrays, what the axes of y_pred are, and the options beside them that nothing took yet.
struct ArrayPair: Sendable {
  /// Most metrics or losses that one request may ask for.
  static let maximumNames = 64
  /// Most values in a reply: items times metrics, or items times channels times losses.
  static let maximumValues = 1 << 16

  let truth, prediction: NumericArray
  let layout: Layout
  let batch, channels: Int
  /// Extents of one item: `[H, W]` or `[D, H, W]`.
  let space: [Int]
  var options: OptionList
  /// Whether the arrays are named in messages by JSON pointers, and what leads to them.
  let isJSON: Bool
  private let pointer: String
  /// Names of options that were taken before, for messages.
  private let taken: [String]

  /// Options of a pair by itself, whatever is then done with it.
  static let ownOptions = ["layout", "ignore_orientation"]

  /// Takes `ownOptions`.
  ///
  /// - Parameter pointer: leads to the object that holds the arrays, where that is JSON.
  init(
    truth: NumericArray, prediction: NumericArray, options: OptionList, isJSON: Bool, pointer: String = "",
    taken: [String] = []
  ) throws(RequestError) {
    var options = options
    let location = ArrayName.prediction.location(json: isJSON, in: pointer)
    let isVolume = (prediction.geometry ?? truth.geometry) != nil && prediction.shape.count == 3
    layout = try Layout(options.take("layout"), shape: prediction.shape, isVolume: isVolume, location)
    (batch, space, channels) = layout.split(prediction.shape)!
    (self.truth, self.prediction, self.isJSON, self.pointer, self.taken) = (
      truth, prediction, isJSON, pointer, taken
    )
    let ignoresOrientation = try options.take("ignore_orientation")?.boolean() ?? false
    if !ignoresOrientation, let place = prediction.geometry,
      let detail = truth.geometry?.disagreement(with: place, name: "y_true")
    {
      throw RequestError(location, detail + "; ignore_orientation=true compares the arrays as they are")
    }
    self.options = options
    guard space.allSatisfy({ $0 <= Mask.maximumExtent }),
      space.count(where: { $0 > Mask.maximumShortExtent }) <= 1
    else {
      throw RequestError(
        location,
        "has shape \(prediction.shape): an axis of space may have \(Mask.maximumExtent) points at most, and only one more than \(Mask.maximumShortExtent)"
      )
    }
  }

  /// Points of one channel of one item.
  var points: Int { space.reduce(1, *) }

  func location(_ name: ArrayName) -> Problem.FieldError.Location { name.location(json: isJSON, in: pointer) }

  /// Where an option is, or would be.
  func optionLocation(_ name: String) -> Problem.FieldError.Location {
    isJSON ? .pointer("\(pointer)/\(name)") : .parameter(name)
  }

  /// The spacing that the files say, of the axes of space.
  var ownSpacing: [Double]? {
    guard let geometry = truth.geometry ?? prediction.geometry else { return nil }
    let axes = zip(layout.name, geometry.spacing).filter { letter, _ in letter != "B" && letter != "C" }
    return axes.count == space.count ? axes.map(\.1) : nil
  }

  /// `spacing`, within what is allowed; where it is not given, what the files say, or 1 each.
  mutating func takeSpacing(_ allowed: ClosedRange<Double>) throws(RequestError) -> [Double] {
    let option = options.take("spacing")
    return try spacing(option?.numbers(), option?.location ?? location(.truth), allowed)
  }

  /// What was given as the spacing, which must fit the arrays; where nothing was, what the files say, or 1 each.
  func spacing(
    _ numbers: [Double]?, _ location: Problem.FieldError.Location, _ allowed: ClosedRange<Double>
  ) throws(RequestError) -> [Double] {
    let numbers = numbers ?? ownSpacing ?? space.map { _ in 1 }
    guard numbers.count == space.count else {
      throw RequestError(
        location, "has \(numbers.count) numbers; the masks have \(space.count) axes of space")
    }
    try Self.checkSpacing(numbers, location, allowed)
    return numbers
  }

  static func checkSpacing(
    _ numbers: [Double], _ location: Problem.FieldError.Location, _ allowed: ClosedRange<Double>
  ) throws(RequestError) {
    guard numbers.allSatisfy(allowed.contains) else {
      throw RequestError(
        location, "must be positive numbers, from \(allowed.lowerBound) to \(allowed.upperBound)")
    }
  }

  /// Checks `convention`, of which losses have one.
  mutating func takeConvention() throws(RequestError) {
    guard let convention = options.take("convention"), try convention.string() != "modified" else { return }
    throw RequestError(convention.location, "'modified' is the only convention that losses have")
  }

  /// Refuses options that nothing took.
  func refuseRest(known: [String]) throws(RequestError) { try options.refuseRest(known: taken + known) }

  /// A mask of one plane of an array: of `shape` points, the first at `start`, each `stride` behind the one before.
  func mask(
    _ name: ArrayName, item: Int, from start: Int, stride: Int = 1, threshold: Double
  ) throws(RequestError) -> Mask {
    let array = name == .truth ? truth : prediction
    let result: Result<Mask, MaskError>
    if stride == 1 {
      let size = array.type.byteCount
      result = array.withBytes { bytes in
        mask(bytes.extracting(start * size..<(start + points) * size), array.type, threshold)
      }
    } else {
      do throws(FormatError) {
        let plane = try array.elements(from: start, stride: stride, count: points)
        result = plane.withBytes { mask($0, array.type, threshold) }
      } catch {
        throw outOfMemory(item: item)
      }
    }
    switch result {
    case .success(let mask): return mask
    case .failure(.outOfMemory): throw outOfMemory(item: item)
    case .failure(.notFinite(let index)):
      let point = zip(index, space).reduce(0) { $0 * $1.1 + $1.0 }
      throw RequestError(
        location(name),
        "holds a value at index \(ArrayPair.index(of: start + point * stride, in: array.shape)) that is NaN or infinite"
      )
    }
  }

  private func mask(_ elements: RawSpan, _ type: ScalarType, _ threshold: Double) -> Result<Mask, MaskError> {
    Result { () throws(MaskError) in
      try Mask(shape: space, elements: elements, type: type, threshold: threshold)
    }
  }

  /// The index of an element, one coordinate an axis.
  static func index(of element: Int, in shape: [Int]) -> [Int] {
    var rest = element
    return shape.reversed().map { extent in
      defer { rest /= extent }
      return rest % extent
    }.reversed()
  }

  func outOfMemory(item: Int) -> RequestError {
    RequestError(location(.prediction), "item \(item) needs more memory than there is now", status: 503)
  }
}
