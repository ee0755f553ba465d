import HTTPServer
import MaskFormats
import Training
import UNet

/// What a training job is to do, as its JSON says it.
struct JobSpecification {
  private static let ownNames = ["name", "dataset", "validation_dataset", "init_from", "model", "augment"]

  private(set) var name: String?
  private(set) var dataSet = ""
  private(set) var validationDataSet: String?
  /// The job whose model it starts from.
  private(set) var initFrom: String?
  private(set) var options = TrainingOptions()
  /// As they were given; nil for those that are recommended.
  private var losses: JSONValue?
  /// What was given of the network.
  private var network: OptionList?
  /// Names of the members that were given.
  private let given: Set<String>

  /// Reads the members of a specification.
  ///
  /// - Throws: `RequestError` with the JSON pointers of all that is at fault.
  init(json members: [JSONMember]) throws(RequestError) {
    var list = OptionList(json: members)
    given = Set(members.map(\.name))
    losses = members.first { $0.name == "losses" }?.value
    list.read("name", into: &name) { (option) throws(RequestError) in try option.title() }
    if list["dataset"] == nil {
      list.addFault(at: .pointer("/dataset"), "is missing: the id of the data set to train on")
    }
    list.read("dataset", into: &dataSet) { (option) throws(RequestError) in try option.identifier() }
    for (name, field) in [("validation_dataset", \Self.validationDataSet), ("init_from", \.initFrom)]
      as [(String, WritableKeyPath<Self, String?>)]
    {
      list.read(name, into: &self[keyPath: field]) { (option) throws(RequestError) in
        option.isNull ? nil : try option.identifier()
      }
    }
    if let model = list.takeList("model") {
      network = model
      var model = model
      options.readNetwork(&model)
      list.takeFaults(of: model, known: TrainingOptions.networkNames)
    }
    if var augment = list.takeList("augment") {
      options.readAugmentation(&augment)
      list.takeFaults(of: augment, known: TrainingOptions.augmentationNames)
    }
    // A specification that was read from a job may be sent again.
    for name in ["early_stopping", "input_size", "clip_percentiles", "clip_norm"]
    where list[name]?.isNull == true {
      _ = list.take(name)
    }
    if let option = list["threads"] {
      _ = list.take("threads")
      list.addFault(at: option.location, "is not for a job to say: the server has --training-threads")
    }
    options.readTraining(&list)
    try list.refuseRest(known: Self.ownNames + TrainingOptions.trainingNames)
  }

  /// Completes it by what it refers to.
  ///
  /// - Throws: `RequestError` for samples and networks that do not go together.
  mutating func complete(
    training: DataSet, validation: DataSet?, start: Model?
  ) throws(RequestError) {
    if let start {
      options.architecture = start.weights.architecture
      if var network { options.readNetwork(&network) }
      guard options.architecture == start.weights.architecture else {
        throw RequestError(.pointer("/model"), "is not the network of the model to start from")
      }
      options.takePreprocessing(of: start) { given.contains($0) }
      guard start.weights.architecture.inChannels == training.channels else {
        throw RequestError(
          .pointer("/init_from"),
          "is a model for \(start.weights.architecture.inChannels) channels; the images have \(training.channels)"
        )
      }
    }
    options.architecture.inChannels = training.channels
    if losses == nil {
      let size = training.size(of: 0)
      let text = TrainingOptions.recommendedLosses(
        epochs: options.epochs, inputSize: options.preprocessing.inputSize ?? [size.height, size.width])
      let option = OptionList.Entry(name: "losses", value: .text(text), location: .pointer("/losses"))
      options.losses = try option.trainingLosses()
      do throws(FormatError) { losses = try JSONValue.parse(text: text) } catch {
        preconditionFailure("our own JSON: \(error.detail)")
      }
    }
    do throws(UNetError) {
      try TrainingRun.check(options: options, training: training, validation: validation)
    } catch {
      throw RequestError(.pointer(error.kind == .data ? "/dataset" : ""), error.detail)
    }
  }

  /// The whole specification, with what was not given; it reads back to the same.
  var json: String {
    JSONWriter.text { json in
      json.member("dataset", dataSet)
      json.member("validation_dataset", validationDataSet)
      json.member("init_from", initFrom)
      json.member("model") { json in
        json.object { json in
          let network = options.architecture
          json.member("levels", network.levels)
          json.member("base_channels", network.baseChannels)
          json.member("classes", network.classes)
          json.member("normalization", network.normalization.rawValue)
          json.member("dropout", Double("\(network.dropout)"))
        }
      }
      json.member("losses") { json in json.value(losses ?? .null) }
      json.member("epochs", options.epochs)
      json.member("batch_size", options.batchSize)
      json.member("optimizer", options.optimizer.kind.rawValue)
      json.member("learning_rate", options.schedule.rate)
      json.member("schedule", options.schedule.kind.rawValue)
      json.member("warm_up_epochs", options.warmUpEpochs)
      json.member("momentum", Double("\(options.optimizer.momentum)"))
      json.member("weight_decay", Double("\(options.optimizer.weightDecay)"))
      json.member("clip_norm", options.optimizer.maximumNorm)
      json.member("precision", options.precision.rawValue)
      json.member("validation_fraction", options.validationFraction)
      json.member("seed", Int(options.seed))
      json.member("early_stopping", options.patience.map(Double.init))
      writeImages(to: &json)
    }
  }

  private func writeImages(to json: inout JSONWriter) {
    let preprocessing = options.preprocessing
    json.member("input_size") { json in
      guard let size = preprocessing.inputSize else { return json.value(nil as String?) }
      json.array(size) { $0.value($1) }
    }
    json.member("fit", preprocessing.fit.rawValue)
    json.member("image_normalization", preprocessing.normalization.rawValue)
    json.member("clip_percentiles") { json in
      guard let clip = preprocessing.clip else { return json.value(nil as String?) }
      json.array([clip.lowerBound, clip.upperBound]) { $0.value($1) }
    }
    json.member("foreground_crops", options.foregroundCrops)
    json.member("augment") { json in
      json.object { json in
        let augmentation = options.augmentation
        json.member("flip") { $0.value(augmentation.flip) }
        json.member("rotate") { $0.value(augmentation.rotate) }
        json.member("degrees", augmentation.degrees)
        json.member("scale", augmentation.scale)
        json.member("intensity", augmentation.intensity)
        json.member("noise", augmentation.noise)
      }
    }
  }
}

extension OptionList.Entry {
  /// A UUID, as this server makes them.
  func identifier() throws(RequestError) -> String {
    let text = try string()
    guard UUIDv7.isValid(text) else { throw RequestError(location, "must be an id, as this server gave it") }
    return text
  }

  /// A name for people: at most 200 bytes of UTF-8 on one line.
  func title() throws(RequestError) -> String? {
    if isNull { return nil }
    let text = try string()
    guard text.utf8.count <= 200,
      text.unicodeScalars.allSatisfy({ $0.properties.generalCategory != .control })
    else {
      throw RequestError(location, "must be at most 200 bytes of UTF-8 on one line")
    }
    return text
  }

  var isNull: Bool { if case .json(.null) = value { true } else { false } }
}

extension JSONWriter {
  /// Writes a value that was read.
  mutating func value(_ json: JSONValue) {
    switch json {
    case .null: value(nil as String?)
    case .bool(let flag): value(flag)
    case .number(let number): value(number)
    case .string(let text): value(text)
    case .array(let values): array(values) { $0.value($1) }
    case .object(let members):
      object { json in for member in members { json.member(member.name) { $0.value(member.value) } } }
    }
  }
}
