import ArgumentParser
import Glibc
import HTTPServer
import Training
import UNet

/// `hausdorffd train`
struct TrainCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "train", abstract: "Train a U-Net on images with masks.",
    discussion: """
      The data are an npz file with the arrays 'images' and 'masks'; or a folder with the folders images and masks of PNG, \
      npy or NIfTI files of equal names, or a zip, tar or tar.gz archive of it; or made up, as in \
      synthetic:samples=200,size=64,noise=0.4,distractors=3,seed=1.

      The folder OUT then holds best.safetensors and best.onnx, the model of the epoch with the least average Hausdorff \
      distance of validation, and last.safetensors, from which --resume goes on.
      """)

  @Option(help: "The samples to train on: an npz file, a folder or archive, or synthetic:…")
  var data: String?
  @Option(help: "Samples to validate on in place of a share of those.")
  var validationData: String?
  @Option(name: .shortAndLong, help: "The folder for models and checkpoints; made if missing.")
  var out: String
  @Option(help: "A model to start from; its network, and what it does to images, are taken over.")
  var initFrom: String?
  @Flag(
    help:
      "Go on with the run in OUT, with its options; --epochs and --threads may be given anew, and data that have moved."
  )
  var resume = false
  @Flag(help: "Print a line of JSON for each event, to standard output.")
  var json = false
  @OptionGroup(title: "How to train")
  var flags: TrainingFlags

  /// Names under which a checkpoint keeps the command's own options.
  private static let ownNames = ["data", "validation_data"]
  private static let notePrefix = "option."

  func validate() throws {
    guard resume || data != nil else { throw ValidationError("--data is missing: what to train on") }
  }

  func run() throws {
    do {
      try train()
    } catch let error as UNetError {
      throw Output.failure(error.detail)
    } catch let error as DataSetError {
      throw Output.failure(error.description)
    } catch let error as RequestError {
      throw Output.failure(error.flagMessage)
    }
  }

  private func train() throws {
    try takeFolder()
    let last = "\(out)/\(TrainingRun.lastName)"
    // A run that is resumed has the network, and treats images, as it began.
    let start = try (resume ? existing(last) : initFrom).map { path throws(UNetError) in try Model(path: path)
    }
    var notes = try resume ? resumedNotes(start!) : freshNotes(last)
    let display = TrainingDisplay(isJSON: json)
    func set(_ name: String) throws -> DataSet? {
      guard let path = notes.first(where: { $0.name == name })?.value else { return nil }
      return try DataSet.named(path, scratch: out) { display.importing(path, Double($0) / Double($1)) }
    }
    guard let training = try set("data") else {
      throw UNetError(.model, "\(last): does not say what it was trained on")
    }
    let validation = try set("validation_data")
    notes = try completed(notes, start, training)
    let options = try options(of: notes, start: start, channels: training.channels)
    if options.architecture.classes == 1, (2...254).contains(training.largestLabel) {
      Output.complain(
        "masks have labels up to \(training.largestLabel), which count as one foreground; --classes \(training.largestLabel + 1) tells them apart"
      )
    }
    // Until here a signal ends the process, which has written nothing.
    StopSignal.watch()
    let run = try TrainingRun(
      options: options, training: training, validation: validation, initial: resume ? nil : start?.weights,
      isResumed: resume, folder: out,
      notes: notes.map { (Self.notePrefix + $0.name, $0.value) })
    display.start(run)
    let outcome = try run.run(shouldStop: { StopSignal.asked != 0 }, report: display.show)
    display.endBar()
    display.finish(run, outcome, folder: out)
    // As a shell says of a command that a signal ended.
    if outcome == .interrupted { throw ExitCode(128 + StopSignal.asked) }
  }

  /// The options with those that depend on the machine or the samples, so that a resumed run has the same.
  private func completed(
    _ notes: [(name: String, value: String)], _ start: Model?, _ training: DataSet
  ) throws -> [(name: String, value: String)] {
    var notes = notes
    func value(_ name: String) -> String? { notes.first { $0.name == name }?.value }
    if value("threads") == nil { notes.append(("threads", "\(Cores.available)")) }
    if value("precision") ?? "auto" == "auto" {
      notes.removeAll { $0.name == "precision" }
      notes.append(("precision", try Precision.auto.resolved().rawValue))
    }
    if value("losses") == nil {
      let options = try options(of: notes, start: start, channels: training.channels)
      let size = training.size(of: 0)
      notes.append(
        (
          "losses",
          TrainingOptions.recommendedLosses(
            epochs: options.epochs, inputSize: options.preprocessing.inputSize ?? [size.height, size.width])
        ))
    }
    return notes
  }

  /// Makes the folder, if it is missing, and keeps it to this process.
  private func takeFolder() throws {
    if mkdir(out, 0o777) != 0, errno != EEXIST {
      throw Output.failure("\(out): \(String(cString: strerror(errno)))")
    }
    // Open to the end of the process.
    let descriptor = open(out, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard descriptor >= 0 else { throw Output.failure("\(out): \(String(cString: strerror(errno)))") }
    if flock(descriptor, LOCK_EX | LOCK_NB) != 0, errno == EWOULDBLOCK {
      throw Output.failure("\(out): another process trains there")
    }
    AtomicFile.removeLeftovers(in: out)
  }

  /// The command's own options, with paths that hold wherever the run is resumed.
  private var ownNotes: [(name: String, value: String)] {
    zip(Self.ownNames, [data, validationData]).compactMap { name, path in
      path.map { (name, SyntheticShapes.isMeant(by: $0) ? $0 : absolute($0)) }
    }
  }

  private func freshNotes(_ last: String) throws -> [(name: String, value: String)] {
    guard access(last, F_OK) != 0 else {
      throw Output.failure(
        "\(out) holds a run already: go on with it by --resume, or give another folder to --out")
    }
    return ownNotes + flags.given
  }

  private func existing(_ last: String) throws -> String {
    guard access(last, F_OK) == 0 else { throw Output.failure("\(out) holds no run to resume") }
    return last
  }

  private func resumedNotes(_ checkpoint: Model) throws -> [(name: String, value: String)] {
    let given = flags.given
    let fixed =
      given.map(\.name).filter { !["epochs", "threads"].contains($0) }
      + [("init_from", initFrom)].compactMap { $0.1 == nil ? nil : $0.0 }
    if let name = fixed.first {
      throw Output.failure("\(RequestError.flag(name)) cannot change in a run that is resumed")
    }
    let moved = zip(Self.ownNames, [data, validationData]).compactMap { name, path in path.map { (name, $0) }
    }
    var notes: [(name: String, value: String)] = []
    for (key, value) in checkpoint.metadata where key.hasPrefix(Self.notePrefix) {
      notes.append((String(key.dropFirst(Self.notePrefix.count)), value))
    }
    for (name, value) in given + moved {
      notes.removeAll { $0.name == name }
      notes.append((name, value))
    }
    return notes
  }

  private func absolute(_ path: String) -> String {
    guard let resolved = realpath(path, nil) else { return path }
    defer { free(resolved) }
    return String(cString: resolved)
  }

  private func options(
    of notes: [(name: String, value: String)], start: Model?, channels: Int
  ) throws(RequestError) -> TrainingOptions {
    var list = try OptionList(text: notes.filter { !Self.ownNames.contains($0.name) })
    var options = TrainingOptions(&list)
    try list.refuseRest(known: TrainingOptions.optionNames)
    options.architecture.inChannels = channels
    guard let start else { return options }
    if !resume, let note = notes.first(where: { TrainingOptions.networkNames.contains($0.name) }) {
      throw RequestError(.parameter(note.name), "comes from the model of --init-from")
    }
    options.architecture = start.weights.architecture
    options.takePreprocessing(of: start) { name in notes.contains { $0.name == name } }
    return options
  }
}
