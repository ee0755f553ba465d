import HTTPServer
import Hausdorff
import MaskFormats

/// The answer to a loss request: the loss, what it is made of, its gradient, and what was empty.
struct LossReply {
  let request: LossRequest
  let value: LossValue
  /// The gradient's float32 values in y_pred's shape, where one was asked for.
  let gradient: Body?
  let empties: EmptyMasks

  /// Refuses a batch with empty masks under `empty=error`, naming the first hundred of them.
  init(request: LossRequest, value: LossValue, gradient: Body?) throws(RequestError) {
    (self.request, self.value, self.gradient) = (request, value, gradient)
    names = request.function.terms.map(\.name)
    empties = EmptyMasks(value.items.lazy.map { $0.empty })
    guard request.function.empty == .error else { return }
    try EmptyMasks.refuse(value.items.lazy.map { $0.empty }, isJSON: request.arrays.isJSON) { index in
      let item = value.items[index]
      return "item \(item.item)" + (hasLabels ? ", channel \(item.channel)" : "")
    }
  }

  private var hasLabels: Bool { request.arrays.channels > 1 }
  private let names: [String]

  /// What there is to know of empty masks and of values that are not finite.
  var warnings: [String] {
    var warnings: [String] = []
    if let summary = empties.summary(hasLabels ? "items and channels" : "items") {
      let hasScores = request.function.terms.contains { if case .score = $0.kind { true } else { false } }
      let effects = [
        hasScores ? empties.effect(of: request.function.empty) + " in exact scores" : nil,
        request.function.terms.contains(where: \.isDifferentiable)
          ? "differentiable losses are finite there" : nil,
      ]
      warnings.append(summary + effects.compactMap { $0 }.joined(separator: "; "))
    }
    if let loss = value.loss, !loss.isFinite { warnings.append("the loss is not finite") }
    return warnings
  }

  /// The gradient as it is, with the loss in the header `Loss`; there is none with `reduction=none`.
  var bytes: Response {
    var response = Response(
      contentType: ArrayBody.rawType, content: gradient.map { .body($0) } ?? .none)
    if let loss = value.loss { response.headers.append("Loss", JSONWriter.text(loss)) }
    return response
  }

  /// The reply as JSON; nil where there is no memory for it.
  var json: Response? {
    let text = text
    guard let gradient else { return .json(.bytes(text)) }
    // The gradient's `data`, empty so far, is what the text ends with.
    let end = Array(#""}}"#.utf8)
    let start = Array(text.dropLast(end.count))
    return gradient.withBytes { Body(start, base64: $0, end) }.map { .json(.body($0)) }
  }

  private var text: [UInt8] {
    var json = JSONWriter()
    let function = request.function
    let channels = function.scoredChannels(of: request.arrays.channels)
    json.object { json in
      json.member("loss", value.loss)
      json.member("terms") { write(value.terms, to: &$0) }
      if hasLabels {
        json.member("labels") { json in
          json.object { json in
            for (place, channel) in channels.enumerated() {
              let items = stride(from: place, to: value.items.count, by: channels.count)
              json.member("\(channel)") { write(function.reduced(items.map { value.items[$0] }), to: &$0) }
            }
          }
        }
      }
      json.member("items") { json in
        json.array(value.items) { json, item in
          json.object { json in
            for (name, value) in zip(names, item.values) { json.member(name, value) }
            if hasLabels { json.member("label", item.channel) }
            json.member("empty", item.empty?.rawValue)
          }
        }
      }
      json.member("reduction", function.reduction.rawValue)
      json.member("distance", function.distance.rawValue)
      json.member("activation", function.activation.rawValue)
      json.member("convention", "modified")
      empties.write(to: &json, warnings: warnings)
      if gradient != nil {
        json.member("gradient") { json in
          json.object { json in
            json.member("shape") { $0.array(request.arrays.prediction.shape) { $0.value(Double($1)) } }
            json.member("dtype", "float32")
            json.member("data", "")
          }
        }
      }
    }
    return json.bytes
  }

  private func write(_ values: [Double?], to json: inout JSONWriter) {
    json.object { json in for (name, value) in zip(names, values) { json.member(name, value) } }
  }
}
