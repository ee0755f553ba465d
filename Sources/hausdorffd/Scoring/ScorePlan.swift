import HTTPServer
import Hausdorff
import MaskFormats

/// The items of one pair of arrays: entries of the batch, and of each the labels or channels that are scored.
struct ScorePlan: Sendable {
  struct Item: Sendable {
    let entry: Int
    /// The label or channel; nil where there is but one mask.
    let label: Int?
    /// Where the label lies in either array; nil for no label, and for one that is in neither.
    let box: LabelMap.Box?
  }

  enum Source: Sendable {
    case masks(threshold: Double)
    case labels(truth: NumericArray, prediction: NumericArray)
  }

  let request: ScoreRequest
  let items: [Item]
  let source: Source

  /// Scores one of the items.
  func score(_ index: Int, perform: @escaping Score.Perform) throws(RequestError) -> Score {
    let item = items[index]
    let (truth, prediction) = try masks(of: item, perform: perform)
    do throws(MaskError) {
      return try Score(
        truth: truth, prediction: prediction, options: request.options(of: item.label),
        grid: request.arrays.space, perform: perform)
    } catch {
      throw request.arrays.outOfMemory(item: item.entry)
    }
  }

  /// The masks of an item, each over the whole grid.
  func wholeMasks(of item: Item) throws(RequestError) -> (truth: Mask, prediction: Mask) {
    let whole = LabelMap.Box(ranges: request.arrays.space.map { 0..<$0 })
    return try masks(of: Item(entry: item.entry, label: item.label, box: whole), perform: Score.inTurn)
  }

  /// The masks of an item, within its box where it is a label.
  private func masks(
    of item: Item, perform: Score.Perform
  ) throws(RequestError) -> (truth: Mask, prediction: Mask) {
    let arrays = request.arrays
    switch source {
    case .masks(let threshold):
      let masks = Score.both(points: arrays.points, perform: perform) { number in
        Result { () throws(RequestError) in try mask(number == 0 ? .truth : .prediction, item, threshold) }
      }
      return (try masks.0.get(), try masks.1.get())
    case .labels(let truths, let predictions):
      guard let label = item.label, let box = item.box else {
        let empty = Mask(emptyWithShape: arrays.space.map { _ in 1 })
        return (empty, empty)
      }
      return Score.both(points: box.shape.reduce(1, *), perform: perform) { number in
        arrays.mask(number == 0 ? truths : predictions, label, item.entry, box)
      }
    }
  }

  private func mask(_ name: ArrayName, _ item: Item, _ threshold: Double) throws(RequestError) -> Mask {
    let arrays = request.arrays
    if name == .truth, request.truthIsLabels, let label = item.label {
      return arrays.mask(arrays.truth, label, item.entry, LabelMap.Box(ranges: arrays.space.map { 0..<$0 }))
    }
    let isLast = arrays.layout.channelsAreLast && arrays.channels > 1
    let start =
      item.entry * arrays.points * arrays.channels + (item.label ?? 0) * (isLast ? 1 : arrays.points)
    return try arrays.mask(
      name, item: item.entry, from: start, stride: isLast ? arrays.channels : 1, threshold: threshold)
  }
}

extension ArrayPair {
  /// Whether y_true has the labels of the channels that y_pred has.
  func truthIsLabels() throws(RequestError) -> Bool {
    if truth.shape == prediction.shape { return false }
    // Without the channels of y_pred, or with one in their place.
    var single = prediction.shape
    if let axis = layout.channelAxis { single[axis] = 1 }
    guard layout.channelAxis != nil,
      truth.shape == layout.withoutChannels(prediction.shape) || truth.shape == single
    else {
      var detail = "has shape \(prediction.shape), but y_true has shape \(truth.shape)"
      if layout.channelAxis != nil {
        detail += "; it may have that of y_pred, or lack its channels (layout \(layout.name))"
      } else if truth.shape.count == prediction.shape.count - 1 {
        detail += "; where one axis of y_pred are channels, say so by layout (as in HWC)"
      }
      throw RequestError(location(.prediction), detail)
    }
    return channels > 1
  }

  /// Where the labels of one entry of an array of whole numbers lie.
  func boxes(
    _ name: ArrayName, _ array: NumericArray, _ entry: Int, _ labels: Set<Int>?
  ) throws(RequestError) -> [Int: LabelMap.Box] {
    let size = array.type.byteCount * points
    do throws(LabelMap.Failure) {
      return try array.withBytes { (bytes) throws(LabelMap.Failure) in
        try LabelMap(
          shape: space, elements: bytes.extracting(entry * size..<(entry + 1) * size), type: array.type,
          labels: labels
        ).boxes
      }
    } catch {
      switch error {
      case .tooManyLabels:
        throw RequestError(
          location(name), "has more than \(LabelMap.maximumLabels) labels: list the ones to score")
      case .notWhole(let index):
        let point = zip(index, space).reduce(0) { $0 * $1.1 + $1.0 }
        let value = array.doubles(from: entry * points + point, count: 1)[0]
        guard value != value.rounded() || !value.isFinite else {
          throw RequestError(
            location(name),
            "holds a whole number at index \(ArrayPair.index(of: entry * points + point, in: array.shape)) that is beyond ±\(LabelMap.numbers.upperBound), which labels are not"
          )
        }
        let place = ArrayPair.index(of: entry * points + point, in: array.shape)
        throw RequestError(
          location(name), "holds \(value) at index \(place), which is no label: these are whole numbers")
      }
    }
  }

  /// The points of one label within a box of one entry.
  fileprivate func mask(_ array: NumericArray, _ label: Int, _ entry: Int, _ box: LabelMap.Box) -> Mask {
    let size = array.type.byteCount * points
    return array.withBytes { bytes in
      Mask(
        label: label, in: box, shape: space, elements: bytes.extracting(entry * size..<(entry + 1) * size),
        type: array.type)
    }
  }

  /// For each point the number of its greatest channel, the first of several, (batch, space…).
  func greatestChannels(_ name: ArrayName) throws(RequestError) -> NumericArray {
    let array = name == .truth ? truth : prediction
    let (step, stride) = layout.channelsAreLast ? (1, channels) : (points, 1)
    var labels = [UInt8](repeating: 0, count: batch * points)
    for entry in 0..<batch {
      var best = [Double](repeating: -.infinity, count: points)
      for channel in 0..<channels {
        let start = entry * points * channels + channel * step
        let values = array.doubles(from: start, stride: stride, count: points)
        for (point, value) in values.enumerated() {
          guard value.isFinite else {
            throw RequestError(
              location(name),
              "holds a value at index \(ArrayPair.index(of: start + point * stride, in: array.shape)) that is NaN or infinite"
            )
          }
          if value > best[point] { (best[point], labels[entry * points + point]) = (value, UInt8(channel)) }
        }
      }
    }
    do throws(FormatError) {
      return try NumericArray(labels, shape: (layout.name.contains("B") ? [batch] : []) + space)
    } catch {
      throw outOfMemory(item: 0)
    }
  }
}
