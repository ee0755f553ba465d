import ArgumentParser
import HTTPServer
import Hausdorff
import MaskFormats
import UNet

/// `hausdorffd score`
struct ScoreCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "score", abstract: "Score a predicted mask against the true one; PNG, npy or NIfTI files.")

  @Argument(help: "The true mask, a PNG, npy or NIfTI file.")
  var truth: String
  @Argument(help: "The predicted mask, a PNG, npy or NIfTI file.")
  var prediction: String
  @Option(help: "The metrics, separated by commas: \(Metric.names).")
  var metrics = "average_hausdorff,hausdorff,hausdorff_95,dice,iou"
  @Option(help: "euclidean, manhattan or chebyshev. (default: euclidean)")
  var distance: String?
  @Option(help: "Foreground is what is above. (default: 0.5)")
  var threshold: String?
  @Option(help: "Size of a point along each axis of space, as in 2.5,1,1. (default: 1 each)")
  var spacing: String?
  @Option(help: "What an empty mask scores: zero, diagonal, infinity, nan, skip or error. (default: zero)")
  var empty: String?
  @Option(help: "mean, sum or none. (default: mean)")
  var reduction: String?
  @Option(help: "What the axes are, as in BHW or DHW. (default: HW, BHW or BHWC by their number)")
  var layout: String?
  @Option(help: "A PNG file to draw both masks in, the disagreeing points by their distance.")
  var picture: String?
  @Option(help: "Which slice of a volume is drawn, counted from 0 along axis D.")
  var slice: String?
  @Flag(help: "Print what the HTTP service would answer.")
  var json = false

  func run() throws {
    do {
      let reply = try score()
      try draw()
      if json {
        Output.write(reply.json + [UInt8(ascii: "\n")])
      } else {
        Output.write(Array(ScoreTable(reply).text.utf8))
        for warning in reply.warnings { Output.complain(warning) }
      }
    } catch let error as RequestError {
      throw Output.failure(error.message)
    } catch let error as Problem {
      throw Output.failure(error.detail ?? error.title)
    } catch let error as FileArray.Failure {
      throw Output.failure(error.description)
    } catch let error as UNetError {
      throw Output.failure(error.detail)
    }
  }

  private func score() throws -> ScoreReply { try ScoreSheet(request()).reply() }

  private func draw() throws {
    guard let picture else {
      if slice != nil { throw RequestError(.parameter("slice"), "needs --picture, a file to draw it in") }
      return
    }
    let png = try ScorePicture(request(slice: slice)).draw().png
    try AtomicFile.write(to: picture) { (file) throws(UNetError) in try file.append(png) }
  }

  private func request(slice: String? = nil) throws -> ScoreRequest {
    let given = [
      ("metrics", metrics), ("distance", distance), ("threshold", threshold), ("spacing", spacing),
      ("empty", empty), ("reduction", reduction), ("layout", layout), ("slice", slice),
    ]
    return try ScoreRequest(
      ArrayPair(
        truth: read(truth), prediction: read(prediction),
        options: OptionList(text: given.compactMap { name, value in value.map { (name, $0) } }), isJSON: false
      ))
  }

  private func read(_ path: String) throws -> NumericArray {
    try FileArray.read(path) { (file, limits) throws(FormatError) in
      try ArrayFile.decode(file, limits: limits)
    }
  }
}
