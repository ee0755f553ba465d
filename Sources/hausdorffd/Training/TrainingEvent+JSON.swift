import HTTPServer
import UNet

extension TrainingProgress {
  /// Writes it as members of an object.
  func write(to json: inout JSONWriter) {
    json.member("epoch", epoch)
    json.member("epochs", epochs)
    json.member("step", step)
    json.member("steps_per_epoch", stepsPerEpoch)
    json.member("fraction", fraction)
    json.member("loss", loss)
    json.member("images_per_second", imagesPerSecond)
    json.member("eta_seconds", remainingSeconds)
  }
}

extension EpochRecord {
  /// Writes it as members of an object.
  func write(isBest: Bool, to json: inout JSONWriter) {
    json.member("epoch", epoch)
    json.member("train_loss", trainLoss)
    json.member("learning_rate", learningRate)
    json.member("val_loss", validation.loss)
    json.member("val_dice", validation.dice)
    json.member("val_average_hausdorff", validation.averageHausdorff)
    json.member("val_hausdorff_95", validation.hausdorff95)
    json.member("val_hausdorff", validation.hausdorff)
    json.member("val_misses", validation.misses)
    json.member("is_best") { $0.value(isBest) }
    json.member("seconds", seconds)
    json.member("validation_seconds", validationSeconds)
    json.member("images_per_second", imagesPerSecond)
  }
}

extension JSONWriter {
  /// An object as text.
  static func text(_ body: (inout JSONWriter) -> Void) -> String {
    var json = JSONWriter()
    json.object(body)
    return String(decoding: json.bytes, as: UTF8.self)
  }
}
