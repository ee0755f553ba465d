import Hausdorff
import UNet

extension TrainingOptions {
  // Names of the options that say how to train, for messages.
  static let optionNames = networkNames + trainingNames + ["threads"] + augmentationNames
  static let networkNames = ["levels", "base_channels", "classes", "normalization", "dropout"]
  static let trainingNames = [
    "losses", "epochs", "batch_size", "learning_rate", "schedule", "warm_up_epochs", "optimizer", "momentum",
    "weight_decay", "clip_norm", "precision", "validation_fraction", "seed", "early_stopping", "input_size",
    "fit",
    "image_normalization", "clip_percentiles", "foreground_crops",
  ]
  static let augmentationNames = ["flip", "rotate", "degrees", "scale", "intensity", "noise"]

  /// What to train on where nothing is said, as JSON: of what `make study` compares the losses that left the least Hausdorff
  /// distances. The weight of `hausdorff_dt` rises to 0.3 in images of up to 96 by 96 and to less in larger ones, by their number
  /// of pixels: its distances are in pixels. At 128 by 128 it left less than `dice_loss,bce` alone, at 256 by 256 the same.
  static func recommendedLosses(epochs: Int, inputSize: [Int]) -> String {
    let weight = min(0.3, 0.3 * 96 * 96 / Double(inputSize.reduce(1, *)))
    return
      #"["dice_loss","bce",{"name":"hausdorff_dt","alpha":1,"weight":\#(weight),"ramp":{"from":0,"epochs":\#(epochs)}}]"#
  }

  /// Takes the options out of a flat list; what is not given is as in `TrainingOptions()`, and what is at fault the list
  /// tells when its rest is refused.
  init(_ list: inout OptionList) {
    self.init()
    readNetwork(&list)
    readTraining(&list)
    readAugmentation(&list)
  }

  /// Does to images what was done to those of a model to start from, but for what is given.
  mutating func takePreprocessing(of start: Model, isGiven: (String) -> Bool) {
    if !isGiven("image_normalization") { preprocessing.normalization = start.preprocessing.normalization }
    if !isGiven("clip_percentiles") { preprocessing.clip = start.preprocessing.clip }
    if !isGiven("fit"), !isGiven("input_size") {
      (preprocessing.fit, preprocessing.inputSize) = (start.preprocessing.fit, start.preprocessing.inputSize)
    }
  }

  mutating func readTraining(_ list: inout OptionList) {
    list.read("losses", into: &losses) { (option) throws(RequestError) in try option.trainingLosses() }
    list.read("epochs", into: &epochs) { (option) throws(RequestError) in try option.integer(in: 1...100_000)
    }
    list.read("batch_size", into: &batchSize) { (option) throws(RequestError) in
      try option.integer(in: 1...4096)
    }
    list.read("precision", into: &precision) { (option) throws(RequestError) in
      try option.choice(Precision.self)
    }
    list.read("validation_fraction", into: &validationFraction) { (option) throws(RequestError) in
      let share = try option.number()
      guard share > 0, share < 1 else {
        throw RequestError(option.location, "must be a number above 0 and below 1")
      }
      return share
    }
    list.read("seed", into: &seed) { (option) throws(RequestError) in
      UInt64(try option.integer(in: 0...(1 << 53) - 1))
    }
    list.read("early_stopping", into: &patience) { (option) throws(RequestError) in
      try option.integer(in: 1...100_000)
    }
    list.read("threads", into: &threads) { (option) throws(RequestError) in try option.integer(in: 1...1024) }
    readOptimizer(&list)
    readImages(&list)
  }

  mutating func readNetwork(_ list: inout OptionList) {
    list.read("levels", into: &architecture.levels) { (option) throws(RequestError) in
      try option.integer(in: 1...7)
    }
    list.read("base_channels", into: &architecture.baseChannels) { (option) throws(RequestError) in
      try option.integer(in: 1...512)
    }
    list.read("classes", into: &architecture.classes) { (option) throws(RequestError) in
      try option.integer(in: 1...256)
    }
    list.read("normalization", into: &architecture.normalization) { (option) throws(RequestError) in
      try option.choice(Architecture.Normalization.self)
    }
    list.read("dropout", into: &architecture.dropout) { (option) throws(RequestError) in
      Float(try option.share())
    }
  }

  private mutating func readOptimizer(_ list: inout OptionList) {
    list.read("optimizer", into: &optimizer) { (option) throws(RequestError) in
      Optimizer(try option.choice(Optimizer.Kind.self))
    }
    list.read("momentum", into: &optimizer.momentum) { (option) throws(RequestError) in
      Float(try option.share())
    }
    list.read("weight_decay", into: &optimizer.weightDecay) { (option) throws(RequestError) in
      Float(try option.number(in: 0...10))
    }
    list.read("clip_norm", into: &optimizer.maximumNorm) { (option) throws(RequestError) in
      try option.positive(to: 1e9)
    }
    list.read("learning_rate", into: &schedule.rate) { (option) throws(RequestError) in
      try option.positive(to: 100)
    }
    list.read("schedule", into: &schedule.kind) { (option) throws(RequestError) in
      try option.choice(Schedule.Kind.self)
    }
    list.read("warm_up_epochs", into: &warmUpEpochs) { (option) throws(RequestError) in
      try option.number(in: 0...100_000)
    }
  }

  private mutating func readImages(_ list: inout OptionList) {
    list.read("input_size", into: &preprocessing.inputSize) { (option) throws(RequestError) in
      let size = try option.numbers().map { Int(exactly: $0) ?? 0 }
      guard (1...2).contains(size.count), size.allSatisfy(Preprocessing.extents.contains) else {
        throw RequestError(
          option.location,
          "must be a height and a width, or one number for both, from 1 to \(Preprocessing.extents.upperBound)"
        )
      }
      return [size[0], size.last!]
    }
    list.read("fit", into: &preprocessing.fit) { (option) throws(RequestError) in
      try option.choice(Preprocessing.Fit.self)
    }
    list.read("image_normalization", into: &preprocessing.normalization) { (option) throws(RequestError) in
      try option.choice(Preprocessing.Normalization.self)
    }
    list.read("clip_percentiles", into: &preprocessing.clip) { (option) throws(RequestError) in
      let bounds = try option.numbers()
      guard bounds.count == 2, bounds[0] < bounds[1], bounds[0] >= 0, bounds[1] <= 100 else {
        throw RequestError(option.location, "must be two rising percentiles from 0 to 100, as in 1,99")
      }
      return bounds[0]...bounds[1]
    }
    list.read("foreground_crops", into: &foregroundCrops) { (option) throws(RequestError) in
      try option.number(in: 0...1)
    }
  }

  mutating func readAugmentation(_ list: inout OptionList) {
    list.read("flip", into: &augmentation.flip) { (option) throws(RequestError) in try option.boolean() }
    list.read("rotate", into: &augmentation.rotate) { (option) throws(RequestError) in try option.boolean() }
    for (name, range, field) in [
      ("degrees", 0...180, \Augmentation.degrees), ("scale", 0...0.5, \.scale),
      ("intensity", 0...1, \.intensity),
      ("noise", 0...10, \.noise),
    ] as [(String, ClosedRange<Double>, WritableKeyPath<Augmentation, Double>)] {
      list.read(name, into: &augmentation[keyPath: field]) { (option) throws(RequestError) in
        try option.number(in: range)
      }
    }
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
