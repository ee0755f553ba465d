import ArgumentParser
import Dispatch
import Glibc
import HTTPServer
import Hausdorff
import MaskFormats

/// `hausdorffd score`
struct ScoreCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "score",
    abstract: "Score a predicted mask against the true one; PNG, npy or NIfTI files, or folders of them.",
    discussion:
      "Files of two folders are paired by their names, but for the endings. Whatever cannot be scored is told, and the status is 1 then."
  )

  @Argument(help: "The true mask, a PNG, npy or NIfTI file, or a folder.")
  var truth: String
  @Argument(help: "The predicted mask, a file or a folder likewise.")
  var prediction: String
  @Option(help: "The metrics, separated by commas: \(Metric.names).")
  var metrics: String?
  @Option(
    help:
      "Whose definitions: \(Convention.allCases.map(\.rawValue).joined(separator: ", ")), or all. (default: modified)"
  )
  var convention: String?
  @Option(help: "euclidean, manhattan or chebyshev. (default: euclidean)")
  var distance: String?
  @Option(help: "Foreground is what is above. (default: 0.5)")
  var threshold: String?
  @Option(
    help:
      "Size of a point along each axis of space, as in 2.5,1,1. (default: what NIfTI files say, or 1 each)")
  var spacing: String?
  @Option(help: "How far boundaries may be apart for surface_dice; one number, or one for each label.")
  var tolerance: String?
  @Option(help: "Labels to score each for itself, as in 1,2,3, or all.")
  var labels: String?
  @Flag(help: "Score channel or label 0 too.")
  var background = false
  @Option(
    help:
      "What an empty mask scores: \(EmptyPolicy.allCases.map(\.rawValue).joined(separator: ", ")). (default: zero)"
  )
  var empty: String?
  @Option(help: "mean, sum or none. (default: mean)")
  var reduction: String?
  @Option(
    help: "What the axes are, as in BHW or DHW. (default: HW, BHW or BHWC by their number; DHW for NIfTI)")
  var layout: String?
  @Option(help: "A PNG file to draw both masks in, the disagreeing points by their distance.")
  var picture: String?
  @Option(help: "Which slice of a volume is drawn, counted from 0 along axis D.")
  var slice: String?
  @Flag(help: "Compare arrays whose files place them elsewhere.")
  var ignoreOrientation = false
  @Option(help: "A file to write the scores of every item to, as comma-separated values.")
  var csv: String?
  @Flag(
    help: "Print what the HTTP service would answer; of folders, with what the files of a pair are called.")
  var json = false

  func run() throws {
    do {
      let isFolders = FolderPairs.isFolder(truth)
      guard isFolders == FolderPairs.isFolder(prediction) else {
        throw Output.failure("\(isFolders ? prediction : truth) is no folder, but the other is")
      }
      isFolders ? try scoreFolders() : try scoreFiles()
    } catch let error as RequestError {
      throw Output.failure(Self.text(Problem(error), truth, prediction))
    } catch let error as Problem {
      throw Output.failure(Self.text(error, truth, prediction))
    } catch let error as FileArray.Failure {
      throw Output.failure(error.description)
    }
  }

  private func scoreFiles() throws {
    let (truths, predictions) = (try Self.read(truth), try Self.read(prediction))
    func request(_ options: OptionList) throws(RequestError) -> ScoreRequest {
      try ScoreRequest(ArrayPair(truth: truths, prediction: predictions, options: options, isJSON: false))
    }
    let reply = try ScoreSheet(request(options())).reply(perform: Self.perform)
    if let picture {
      var options = try options()
      if let slice { options.add("slice", slice) }
      try FileArray.write(try ScorePicture(request(options)).draw().png, to: picture)
    } else if slice != nil {
      throw RequestError(.parameter("slice"), "needs --picture, a file to draw it in")
    }
    try show(reply, names: [truth]) { _, problem in Self.text(problem, truth, prediction) }
  }

  private func scoreFolders() throws {
    guard picture == nil, slice == nil else {
      throw RequestError(
        .parameter(picture == nil ? "slice" : "picture"), "is of one pair of masks, not of folders")
    }
    let folders = try FolderPairs(truths: truth, predictions: prediction)
    if let name = folders.passedOver.first {
      let more = folders.passedOver.count - 1
      Output.complain(
        "passed over, for no ending of PNG, npy or NIfTI: \(name)" + (more > 0 ? " and \(more) more" : ""))
    }
    let pairs = folders.pairs
    guard pairs.contains(where: { $0.truth != nil && $0.prediction != nil }) else {
      throw Output.failure("\(truth) and \(prediction) have no files in common (PNG, npy or NIfTI)")
    }
    let (ofPairs, settings) = try ScoreSettings.takeAll(try options())
    let progress = ScoringProgress(count: pairs.count, isShown: !json && isatty(STDERR_FILENO) == 1) {
      Output.write(Array($0.utf8), to: STDERR_FILENO)
    }
    let sheet = ScoreSheet(
      settings,
      list: pairs.map { pair in
        {
          progress.begin()
          return Result { () throws(Problem) in
            try Problem.from { () throws(RequestError) in
              guard let truth = pair.truth, let prediction = pair.prediction else {
                throw RequestError(.pointer(""), "\(pair.truth ?? pair.prediction!) has no counterpart")
              }
              return try ScoreRequest(
                ArrayPair(
                  truth: Self.readPart(truth), prediction: Self.readPart(prediction), options: ofPairs,
                  isJSON: false), settings)
            }
          }
        }
      }, isJSON: false)
    var reply = try progress.erased { () throws(Problem) in try sheet.reply(perform: Self.perform) }
    let names = pairs.map(\.name)
    reply.pairNames = names
    func text(_ pair: Int, _ problem: Problem) -> String {
      Self.text(problem, pairs[pair].truth ?? "", pairs[pair].prediction ?? "")
    }
    try show(reply, names: names, problem: text)
    for (pair, problem) in reply.refusals { Output.complain("\(names[pair]): \(text(pair, problem))") }
    if !reply.refusals.isEmpty { throw ExitCode.failure }
  }

  private func options() throws(RequestError) -> OptionList {
    let usual = convention == nil ? "average_hausdorff,hausdorff,hausdorff_95,dice,iou" : nil
    let given = [
      ("metrics", metrics ?? usual), ("convention", convention), ("distance", distance),
      ("threshold", threshold),
      ("spacing", spacing), ("tolerance", tolerance), ("labels", labels), ("empty", empty),
      ("reduction", reduction),
      ("layout", layout), ("background", background ? "true" : nil),
      ("ignore_orientation", ignoreOrientation ? "true" : nil),
    ]
    return try OptionList(text: given.compactMap { name, value in value.map { (name, $0) } })
  }

  private func show(
    _ reply: ScoreReply, names: [String], problem: (_ pair: Int, Problem) -> String
  ) throws {
    if let csv {
      do throws(FileArray.Failure) {
        try FileArray.write(Array(ScoreTable.csv(reply, names: names, problem: problem).utf8), to: csv)
      } catch {
        throw Output.failure(error.description)
      }
    }
    if json {
      Output.write(reply.json + [UInt8(ascii: "\n")])
    } else {
      Output.write(Array(ScoreTable(reply).text.utf8))
      for warning in reply.warnings { Output.complain(warning) }
    }
  }

  /// What is at fault, options named by their flags and arrays by their files.
  private static func text(_ problem: Problem, _ truth: String, _ prediction: String) -> String {
    guard !problem.errors.isEmpty else { return problem.detail ?? problem.title }
    return RequestError(problem.errors).message { name in
      switch ArrayName(rawValue: name) {
      case .truth: truth
      case .prediction: prediction
      case nil: RequestError.flag(name)
      }
    }
  }

  private static let perform: Score.Perform = { count, each in
    DispatchQueue.concurrentPerform(iterations: count, execute: each)
  }

  private static func read(_ path: String) throws(FileArray.Failure) -> NumericArray {
    try FileArray.read(path) { (file, limits) throws(FormatError) in
      try ArrayFile.decode(file, limits: limits)
    }
  }

  /// One of many files, which is told by its path where it cannot be read.
  private static func readPart(_ path: String) throws(RequestError) -> NumericArray {
    do throws(FileArray.Failure) { return try read(path) } catch {
      throw RequestError(.pointer(""), error.description)
    }
  }
}
