import HTTPServer
import Hausdorff
import MaskFormats

extension LossRequest {
  /// The loss and its gradient.
  ///
  /// - Parameter perform: works on the items; nil is returned where it leaves one out.
  func reply(perform: LossFunction.Perform) throws(RequestError) -> LossReply? {
    guard let truth = try truth(perform) else { return nil }
    let (value, gradient): (LossValue, Body?)
    do throws(LossError) {
      (value, gradient) = try evaluate(truth, perform)
    } catch {
      if error == .stopped { return nil }
      throw refusal(error)
    }
    return try LossReply(request: self, value: value, gradient: gradient)
  }

  private func evaluate(
    _ truth: [Mask], _ perform: LossFunction.Perform
  ) throws(LossError) -> (LossValue, Body?) {
    try arrays.prediction.withFloats { (values) throws(LossError) in
      guard wantsGradient else {
        let value = try function.evaluate(
          truth: truth, prediction: values, channels: arrays.channels, perform: perform)
        return (value, nil)
      }
      var value: LossValue?
      let gradient = try Body(floatCount: values.count) { (slopes) throws(LossError) in
        value = try function.evaluate(
          truth: truth, prediction: values, channels: arrays.channels, gradient: &slopes, perform: perform)
      }
      guard let value, let gradient else { throw .outOfMemory }
      return (value, gradient)
    }
  }

  private func truth(_ perform: LossFunction.Perform) throws(RequestError) -> [Mask]? {
    let items = Locked([Result<[Mask], RequestError>?](repeating: nil, count: arrays.batch))
    perform(arrays.batch) { item in
      let masks = Result { () throws(RequestError) in try self.truth(item: item) }
      items.withLock { $0[item] = masks }
    }
    var truth: [Mask] = []
    for item in items.withLock({ $0 }) {
      guard let item else { return nil }
      truth += try item.get()
    }
    return truth
  }
}
