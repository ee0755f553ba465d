import ArgumentParser
import Glibc
import MaskFormats
import UNet

/// `hausdorffd predict`
struct PredictCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "predict", abstract: "Apply a trained model to images; PNG, npy or NIfTI files.",
    discussion: """
      What comes out is a mask where OUTPUT ends in .png (0 and 255, or with several classes their numbers), and the \
      probabilities, (height, width) or (classes, height, width) in float32, where it ends in .npy. Of several images \
      OUTPUT is a folder, with a file .png of each.
      """)

  @Option(help: "The model: best.safetensors of a run.")
  var model: String
  @Argument(help: "Images, PNG, npy or NIfTI of one slice.")
  var images: [String]
  @Option(name: .shortAndLong, help: "The file to write, .png or .npy, or a folder for several.")
  var output: String
  @Option(help: "Foreground is what is more probable; of one class. (default: 0.5)")
  var threshold: Double?
  @Option(help: "auto, f32 or bf16.")
  var precision = "auto"
  @Option(help: "Threads to compute on. (default: one a core)")
  var threads: Int?

  func validate() throws {
    guard Precision(rawValue: precision) != nil else {
      throw ValidationError("--precision must be auto, f32 or bf16, not \(precision)")
    }
    guard (1...1024).contains(threads ?? 1) else {
      throw ValidationError("--threads must be 1 to 1024, not \(threads ?? 1)")
    }
    if let threshold, threshold <= 0 || threshold >= 1 {
      throw ValidationError("--threshold must be above 0 and below 1, not \(threshold)")
    }
  }

  func run() throws {
    do {
      try predict()
    } catch let error as UNetError {
      throw Output.failure(error.detail)
    } catch let error as FileArray.Failure {
      throw Output.failure(error.description)
    } catch let error as FormatError {
      throw Output.failure("\(output): \(error.detail)")
    }
  }

  private func predict() throws {
    let targets = try targets()
    let model = try Model(path: model)
    guard threshold == nil || model.weights.architecture.classes == 1 else {
      throw Output.failure(
        "--threshold is for a model of one class; of several each pixel has the most probable")
    }
    let predictor = try Predictor(
      weights: model.weights, precision: Precision(rawValue: precision)!, threads: threads ?? Cores.available)
    if images.count > 1, !FolderPairs.isFolder(output), mkdir(output, 0o777) != 0 {
      throw Output.failure("\(output): \(String(cString: strerror(errno)))")
    }
    for (path, target) in zip(images, targets) { try predict(path, model, predictor, target) }
  }

  /// Where the mask of each image goes: never to where another or an image is.
  private func targets() throws -> [String] {
    guard images.count > 1 || FolderPairs.isFolder(output) else {
      guard output.hasSuffix(".png") || output.hasSuffix(".npy") else {
        throw Output.failure("\(output): must end in .png for a mask or in .npy for probabilities")
      }
      return try checked([output])
    }
    return try checked(images.map { "\(output)/\(Self.stem(of: $0)).png" })
  }

  private func checked(_ targets: [String]) throws -> [String] {
    for (index, target) in targets.enumerated() {
      if let other = targets[..<index].firstIndex(of: target) {
        throw Output.failure("\(images[other]) and \(images[index]) would both become \(target)")
      }
      if let image = images.first(where: { isSameFile($0, target) }) {
        throw Output.failure("\(target): would take the place of the image \(image)")
      }
    }
    return targets
  }

  private func isSameFile(_ path: String, _ other: String) -> Bool {
    var (first, second) = (stat(), stat())
    return stat(path, &first) == 0 && stat(other, &second) == 0 && first.st_dev == second.st_dev
      && first.st_ino == second.st_ino
  }

  private func predict(
    _ path: String, _ model: Model, _ predictor: Predictor, _ target: String
  ) throws {
    let array = try FileArray.read(path) { (file, limits) throws(FormatError) in
      try ArrayFile.decodeImage(file, limits: limits)
    }
    let channels = model.weights.architecture.inChannels
    guard let image = PlanarImage(array, channels: channels) else {
      throw Output.failure(
        "\(path): has shape \(array.shape), but the model takes images of \(channels) channel\(channels == 1 ? "" : "s"): \(PlanarImage.shapes(channels: channels))"
      )
    }
    if let place = image.firstNotFinite {
      throw Output.failure("\(path): the value at \(place) is not finite")
    }
    let probabilities = try predictor.probabilities(
      of: image.values, height: image.height, width: image.width, preprocessing: model.preprocessing)
    let classes = model.weights.architecture.classes
    let bytes: [UInt8]
    if target.hasSuffix(".npy") {
      bytes = NPY.encode(probabilities, shape: (classes > 1 ? [classes] : []) + [image.height, image.width])
    } else {
      let labels = Predictor.labels(of: probabilities, classes: classes, threshold: threshold ?? 0.5)
      bytes = try PNG.encode(
        grey: classes > 1 ? labels : labels.map { $0 * 255 }, height: image.height, width: image.width)
    }
    try AtomicFile.write(to: target) { (file) throws(UNetError) in try file.append(bytes) }
  }

  private static func stem(of path: String) -> Substring {
    let name = path.split(separator: "/").last ?? ""
    if let stem = ArrayFile.stem(of: String(name)) { return Substring(stem) }
    return name.lastIndex(of: ".").map { name[..<$0] } ?? name
  }
}
