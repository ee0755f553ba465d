import Glibc
import HTTPServer
import UNet

/// What `hausdorffd train` shows: for people a line an epoch, with a bar on a terminal, and a table; or lines of JSON.
final class TrainingDisplay {
  private let isJSON: Bool
  private let hasBar: Bool
  private var epochs = 0
  private var lastBar = 0.0

  init(isJSON: Bool) {
    self.isJSON = isJSON
    hasBar = !isJSON && isatty(STDERR_FILENO) == 1
  }

  /// While samples are read.
  func importing(_ path: String, _ share: Double) {
    guard hasBar else { return }
    draw("reading \(path) \(bar(share))", isLast: share >= 1)
  }

  func start(_ run: TrainingRun) {
    epochs = run.options.epochs
    let (network, size, counts) = (run.options.architecture, run.inputSize, run.sampleCounts)
    let parameters = network.parameters.reduce(0) { $0 + ($1.role.isTrained ? $1.count : 0) }
    if isJSON {
      line("start") { json in
        json.member("training_samples", counts.training)
        json.member("validation_samples", counts.validation)
        json.member("input_size") { $0.array([size.height, size.width]) { $0.value($1) } }
        json.member("parameters", parameters)
        json.member("precision", run.precision.rawValue)
        json.member("threads", run.options.threads)
        json.member("epochs", epochs)
        json.member("done_epochs", run.history.count)
      }
      return
    }
    say(
      "U-Net of \(network.levels) levels and \(network.baseChannels) base channels: \(parameters) parameters, \(run.precision.rawValue), \(run.options.threads) threads"
    )
    say(
      "\(counts.training) samples to train on, \(counts.validation) to validate on, of \(size.height)×\(size.width)"
    )
    if let record = run.history.last { say("going on behind epoch \(record.epoch)") }
  }

  func show(_ event: TrainingEvent) {
    switch event {
    case .progress(let progress): show(progress)
    case .saved: break
    case .epoch(let record, let isBest):
      endBar()
      isJSON
        ? line("epoch") { record.write(isBest: isBest, to: &$0) } : say(Self.text(record, of: epochs, isBest))
    }
  }

  private func show(_ progress: TrainingProgress) {
    if isJSON {
      line("progress") { progress.write(to: &$0) }
    } else if hasBar {
      let share = Double(progress.step) / Double(progress.stepsPerEpoch)
      draw(
        "epoch \(progress.epoch)/\(progress.epochs) \(bar(share)) \(progress.step)/\(progress.stepsPerEpoch)"
          + "  loss \(Self.number(progress.loss, 4))  \(Self.number(progress.imagesPerSecond, 1)) images/s"
          + "  \(Self.duration(progress.remainingSeconds)) left", isLast: false)
    }
  }

  func endBar() {
    if hasBar { erase() }
  }

  func finish(_ run: TrainingRun, _ outcome: TrainingOutcome, folder: String) {
    if isJSON {
      line("end") { json in
        json.member("outcome", outcome.rawValue)
        if let best = run.best { json.member("best_epoch", best.epoch) }
      }
      return
    }
    switch outcome {
    case .finished: break
    case .stoppedEarly: say("stopped: validation got no better for \(run.options.patience ?? 0) epochs")
    case .interrupted:
      say("interrupted, and saved; go on with: hausdorffd train --resume --out \(folder)")
    }
    if let best = run.best {
      let rows = [
        ("best epoch", "\(best.epoch)"),
        ("average_hausdorff", Self.number(best.validation.averageHausdorff, 3)),
        ("hausdorff_95", Self.number(best.validation.hausdorff95, 3)),
        ("hausdorff", Self.number(best.validation.hausdorff, 3)),
        ("dice", Self.number(best.validation.dice, 4)), ("misses", "\(best.validation.misses)"),
        ("seconds", Self.number(run.history.reduce(0) { $0 + $1.seconds + $1.validationSeconds }, 1)),
        ("model", "\(folder)/\(TrainingRun.bestName)"), ("as ONNX", "\(folder)/best.onnx"),
      ]
      say("")
      for (name, value) in rows { say(name + String(repeating: " ", count: 19 - name.count) + value) }
    }
  }

  private static func text(_ record: EpochRecord, of epochs: Int, _ isBest: Bool) -> String {
    let validation = record.validation
    let fields = [
      "epoch \(record.epoch)/\(epochs)", "loss \(number(record.trainLoss, 4))",
      "validation: loss \(number(validation.loss, 4))", "dice \(number(validation.dice, 4))",
      "average_hausdorff \(number(validation.averageHausdorff, 3))",
      "hausdorff_95 \(number(validation.hausdorff95, 3))", "misses \(validation.misses)",
      "\(number(record.imagesPerSecond, 1)) images/s",
      "\(number(record.seconds + record.validationSeconds, 1)) s",
    ]
    return fields.joined(separator: "  ") + (isBest ? "  *" : "")
  }

  private func line(_ event: String, _ body: (inout JSONWriter) -> Void) {
    var json = JSONWriter()
    json.object {
      $0.member("event", event)
      body(&$0)
    }
    Output.write(json.bytes + [UInt8(ascii: "\n")])
  }

  private func bar(_ share: Double) -> String {
    let done = Int((share * 30).rounded(.down))
    return "[" + String(repeating: "=", count: done) + String(repeating: " ", count: 30 - done) + "]"
  }

  /// Draws over the bar that is there, ten times a second at most.
  private func draw(_ text: String, isLast: Bool) {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    let now = Double(time.tv_sec) + 1e-9 * Double(time.tv_nsec)
    guard isLast || now - lastBar > 0.1 else { return }
    lastBar = now
    Output.write(Array("\r\u{1B}[K\(text)".utf8), to: STDERR_FILENO)
    if isLast { erase() }
  }

  private func erase() { Output.write(Array("\r\u{1B}[K".utf8), to: STDERR_FILENO) }

  private func say(_ line: String) { Output.write(Array((line + "\n").utf8)) }

  /// With so many digits behind the point.
  private static func number(_ value: Double, _ digits: Int) -> String {
    guard value.isFinite, abs(value) < 1e12 else { return "\(value)" }
    let factor = pow(10, Double(digits))
    let parts = "\((value * factor).rounded() / factor)".split(separator: ".")
    guard parts.count == 2, !parts[1].contains("e") else { return "\(value)" }
    return "\(parts[0])." + parts[1] + String(repeating: "0", count: max(0, digits - parts[1].count))
  }

  private static func duration(_ seconds: Double) -> String {
    guard seconds.isFinite else { return "?" }
    let whole = Int(seconds.rounded())
    func two(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }
    return whole < 3600
      ? "\(whole / 60):\(two(whole % 60))" : "\(whole / 3600):\(two(whole / 60 % 60)):\(two(whole % 60))"
  }
}
