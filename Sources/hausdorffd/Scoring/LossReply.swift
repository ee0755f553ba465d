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
    empties = EmptyMasks(sides: value.items.map(\.empty))
    guard request.function.empty == .error else { return }
    try empties.refuse(isJSON: request.arrays.isJSON) { index in
      let item = value.items[index]
      return "item \(item.item)" + (hasLabels ? ", channel \(item.channel)" : "")
    }
  }

  private var hasLabels: Bool { request.arrays.channels > 1 }
  private var names: [String] { request.function.terms.map(\.name) }

  /// What there is to know of empty masks and of values that are not finite.
  var warnings: [String] {
    var warnings: [String] = []
    if let summary = empties.summary {
      let hasScores = request.function.terms.contains { if case .score = $0.kind { true } else { false } }
      warnings.append(
        summary
          + (hasScores ? empties.effect(of: request.function.empty) + " in exact scores; " : "")
          + "differentiable losses are finite there")
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

  /// The reply as JSON.
  var json: [UInt8] {
    var json = JSONWriter()
    let function = request.function
    json.object { json in
      json.member("loss", value.loss)
      json.member("terms") { write(value.terms, to: &$0) }
      if hasLabels {
        json.member("labels") { json in
          json.object { json in
            for channel in function.scoredChannels(of: request.arrays.channels) {
              let reduced = function.reduced(value.items.filter { $0.channel == channel })
              json.member("\(channel)") { write(reduced, to: &$0) }
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
      if let gradient {
        json.member("gradient") { json in
          json.object { json in
            json.member("shape") { $0.array(request.arrays.prediction.shape) { $0.value(Double($1)) } }
            json.member("dtype", "float32")
            gradient.withBytes { json.member("data", base64: $0) }
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
