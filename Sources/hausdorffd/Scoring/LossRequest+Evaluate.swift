import HTTPServer
import Hausdorff
import MaskFormats

extension LossRequest {
  /// The loss and its gradient.
  ///
  /// - Parameter perform: works on the items; nil is returned where it leaves one out.
  func reply(perform: LossFunction.Perform) throws(RequestError) -> LossReply? {
    let refusal = Locked<RequestError?>(nil)
    let truth: LossFunction.Truth = { (item) throws(LossError) in
      do throws(RequestError) {
        return try self.truth(item: item)
      } catch {
        refusal.withLock { $0 = $0 ?? error }
        throw .stopped
      }
    }
    let (value, gradient): (LossValue, Body?)
    do throws(LossError) {
      (value, gradient) = try evaluate(truth, perform)
    } catch {
      if let refusal = refusal.withLock({ $0 }) { throw refusal }
      if error == .stopped { return nil }
      throw self.refusal(error)
    }
    let reply = try LossReply(request: self, value: value, gradient: gradient)
    ScoreMetrics.count(reply)
    return reply
  }

  private func evaluate(
    _ truth: @escaping LossFunction.Truth, _ perform: LossFunction.Perform
  ) throws(LossError) -> (LossValue, Body?) {
    let (batch, channels) = (arrays.batch, arrays.channels)
    return try arrays.prediction.withFloats(threshold: function.threshold) { (values) throws(LossError) in
      guard wantsGradient else {
        let value = try function.evaluate(
          batch: batch, truth: truth, prediction: values, channels: channels, perform: perform)
        return (value, nil)
      }
      var value: LossValue?
      let gradient = try Body(floatCount: values.count) { (slopes) throws(LossError) in
        value = try function.evaluate(
          batch: batch, truth: truth, prediction: values, channels: channels, gradient: &slopes,
          perform: perform)
      }
      guard let value, let gradient else { throw .outOfMemory }
      return (value, gradient)
    }
  }
}
