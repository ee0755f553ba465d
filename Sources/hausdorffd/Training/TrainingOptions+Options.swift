import Hausdorff
import UNet

extension TrainingOptions {
  /// Names of the options that say how to train, for messages.
  static let optionNames = [
    "levels", "base_channels", "classes", "normalization", "dropout", "losses", "epochs", "batch_size",
    "learning_rate", "schedule", "warm_up_epochs", "optimizer", "momentum", "weight_decay", "clip_norm",
    "precision", "validation_fraction", "seed", "early_stopping", "threads", "input_size", "fit",
    "image_normalization", "clip_percentiles", "flip", "rotate", "degrees", "scale", "intensity", "noise",
    "foreground_crops",
  ]

  /// What to train on where nothing is said, as JSON: of what `make study` compares the losses that left the least Hausdorff
  /// distances. The weight of `hausdorff_dt` rises to 0.3 in images of up to 96 by 96 and to less in larger ones, by their number
  /// of pixels: its distances are in pixels, and 0.1 was too much for images of 256 by 256.
  static func recommendedLosses(epochs: Int, inputSize: [Int]) -> String {
    let weight = min(0.3, 0.3 * 96 * 96 / Double(inputSize.reduce(1, *)))
    return
      #"["dice_loss","bce",{"name":"hausdorff_dt","alpha":1,"weight":\#(weight),"ramp":{"from":0,"epochs":\#(epochs)}}]"#
  }

  /// Takes the options out of a list; what is not given is as in `TrainingOptions()`.
  init(_ list: inout OptionList) throws(RequestError) {
    self.init()
    try takeNetwork(&list)
    try takeOptimizer(&list)
    try takeImages(&list)
    func set<Value>(
      _ name: String, _ field: inout Value, _ value: (OptionList.Entry) throws(RequestError) -> Value
    )
      throws(RequestError)
    {
      if let option = list.take(name) { field = try value(option) }
    }
    try set("losses", &losses) { (option) throws(RequestError) in try option.trainingLosses() }
    try set("epochs", &epochs) { (option) throws(RequestError) in try option.integer(in: 1...100_000) }
    try set("batch_size", &batchSize) { (option) throws(RequestError) in try option.integer(in: 1...4096) }
    try set("precision", &precision) { (option) throws(RequestError) in try option.choice(Precision.self) }
    try set("validation_fraction", &validationFraction) { (option) throws(RequestError) in
      let share = try option.number()
      guard share > 0, share < 1 else {
        throw RequestError(option.location, "must be a number above 0 and below 1")
      }
      return share
    }
    try set("seed", &seed) { (option) throws(RequestError) in UInt64(try option.integer(in: 0...1 << 53)) }
    try set("early_stopping", &patience) { (option) throws(RequestError) in
      try option.integer(in: 1...100_000)
    }
    try set("threads", &threads) { (option) throws(RequestError) in try option.integer(in: 1...1024) }
  }

  private mutating func takeNetwork(_ list: inout OptionList) throws(RequestError) {
    if let option = list.take("levels") { architecture.levels = try option.integer(in: 1...7) }
    if let option = list.take("base_channels") { architecture.baseChannels = try option.integer(in: 1...512) }
    if let option = list.take("classes") { architecture.classes = try option.integer(in: 1...256) }
    if let option = list.take("normalization") {
      architecture.normalization = try option.choice(Architecture.Normalization.self)
    }
    if let option = list.take("dropout") { architecture.dropout = Float(try option.share()) }
  }

  private mutating func takeOptimizer(_ list: inout OptionList) throws(RequestError) {
    if let option = list.take("optimizer") { optimizer = Optimizer(try option.choice(Optimizer.Kind.self)) }
    if let option = list.take("momentum") { optimizer.momentum = Float(try option.share()) }
    if let option = list.take("weight_decay") { optimizer.weightDecay = Float(try option.number(in: 0...10)) }
    if let option = list.take("clip_norm") { optimizer.maximumNorm = try option.positive(to: 1e9) }
    if let option = list.take("learning_rate") { schedule.rate = try option.positive(to: 100) }
    if let option = list.take("schedule") { schedule.kind = try option.choice(Schedule.Kind.self) }
    if let option = list.take("warm_up_epochs") { warmUpEpochs = try option.number(in: 0...100_000) }
  }

  private mutating func takeImages(_ list: inout OptionList) throws(RequestError) {
    if let option = list.take("input_size") {
      let size = try option.numbers().map { Int(exactly: $0) ?? 0 }
      guard (1...2).contains(size.count), size.allSatisfy({ $0 > 0 }) else {
        throw RequestError(option.location, "must be a height and a width, or one number for both")
      }
      preprocessing.inputSize = [size[0], size.last!]
    }
    if let option = list.take("fit") { preprocessing.fit = try option.choice(Preprocessing.Fit.self) }
    if let option = list.take("image_normalization") {
      preprocessing.normalization = try option.choice(Preprocessing.Normalization.self)
    }
    if let option = list.take("clip_percentiles") {
      let bounds = try option.numbers()
      guard bounds.count == 2, bounds[0] < bounds[1], bounds[0] >= 0, bounds[1] <= 100 else {
        throw RequestError(option.location, "must be two rising percentiles from 0 to 100, as in 1,99")
      }
      preprocessing.clip = bounds[0]...bounds[1]
    }
    if let option = list.take("flip") { augmentation.flip = try option.boolean() }
    if let option = list.take("rotate") { augmentation.rotate = try option.boolean() }
    if let option = list.take("degrees") { augmentation.degrees = try option.number(in: 0...180) }
    if let option = list.take("scale") { augmentation.scale = try option.number(in: 0...0.5) }
    if let option = list.take("intensity") { augmentation.intensity = try option.number(in: 0...1) }
    if let option = list.take("noise") { augmentation.noise = try option.number(in: 0...10) }
    if let option = list.take("foreground_crops") { foregroundCrops = try option.number(in: 0...1) }
  }
}

extension OptionList.Entry {
  /// A number from 0 to less than 1.
  fileprivate func share() throws(RequestError) -> Double {
    let number = try number()
    guard number >= 0, number < 1 else {
      throw RequestError(location, "must be a number from 0 to less than 1")
    }
    return number
  }

  /// A number greater than 0.
  fileprivate func positive(to limit: Double) throws(RequestError) -> Double {
    let number = try number()
    guard number > 0, number <= limit else {
      throw RequestError(location, "must be a number greater than 0, at most \(limit)")
    }
    return number
  }
}
