import ArgumentParser

/// The options of `hausdorffd train` that say how to train, as they were written; nil where one was not given.
struct TrainingFlags: ParsableArguments {
  @Option(
    help:
      "The losses with their weights, or balanced; also as JSON. (default: dice_loss, bce, and hausdorff_dt with a rising weight)"
  )
  var losses: String?
  @Option(help: "Passes over the training samples. (default: 20)")
  var epochs: String?
  @Option(help: "Images of a step. (default: 8)")
  var batchSize: String?
  @Option(help: "The largest learning rate. (default: 0.001)")
  var learningRate: String?
  @Option(help: "How the rate goes on: constant or cosine. (default: constant)")
  var schedule: String?
  @Option(help: "Epochs in which the rate rises to its largest. (default: 0)")
  var warmUpEpochs: String?
  @Option(help: "adamw, adam or sgd. (default: adamw)")
  var optimizer: String?
  @Option(help: "Momentum of sgd. (default: 0.9)")
  var momentum: String?
  @Option(help: "Weight decay. (default: 0.01 for adamw, else 0)")
  var weightDecay: String?
  @Option(help: "The largest norm of the gradient; a longer one is scaled down. (default: none)")
  var clipNorm: String?
  @Option(help: "How often the U-Net halves an image. (default: 4)")
  var levels: String?
  @Option(help: "Channels of its first level. (default: 16)")
  var baseChannels: String?
  @Option(
    help: "1 for foreground and background; else the number of labels, background included. (default: 1)")
  var classes: String?
  @Option(help: "batch or none, behind convolutions. (default: batch)")
  var normalization: String?
  @Option(help: "Share of the bottleneck's values that is dropped. (default: 0)")
  var dropout: String?
  @Option(help: "auto, f32 or bf16; auto is bf16 where the processor has it. (default: auto)")
  var precision: String?
  @Option(help: "Threads to compute on. (default: one a core)")
  var threads: String?
  @Option(help: "Share of the samples to validate on. (default: 0.2)")
  var validationFraction: String?
  @Option(help: "Epochs without a better validation to stop behind. (default: never)")
  var earlyStopping: String?
  @Option(help: "Of weights, split, order and augmentation. (default: 1)")
  var seed: String?
  @Option(help: "Height and width to train on, as in 256,256. (default: the images')")
  var inputSize: String?
  @Option(help: "How images come to that size: crop or resize. (default: crop)")
  var fit: String?
  @Option(help: "Share of crops that are centred on foreground. (default: 0.5)")
  var foregroundCrops: String?
  @Option(help: "zscore, minmax or none, for each channel of an image. (default: zscore)")
  var imageNormalization: String?
  @Option(help: "Percentiles to clip images to before that, as in 1,99. (default: none)")
  var clipPercentiles: String?
  @Option(help: "Whether to reverse rows and columns at random. (default: true)")
  var flip: String?
  @Option(help: "Whether to turn by right angles at random. (default: true)")
  var rotate: String?
  @Option(help: "The largest free rotation, in degrees. (default: 0)")
  var degrees: String?
  @Option(help: "The largest change of scale, as in 0.1. (default: 0)")
  var scale: String?
  @Option(help: "The largest change of contrast and brightness. (default: 0)")
  var intensity: String?
  @Option(help: "The largest deviation of added noise. (default: 0)")
  var noise: String?

  /// Those that were given, under their names in the HTTP interface.
  var given: [(name: String, value: String)] {
    let all = [
      ("losses", losses), ("epochs", epochs), ("batch_size", batchSize), ("learning_rate", learningRate),
      ("schedule", schedule), ("warm_up_epochs", warmUpEpochs), ("optimizer", optimizer),
      ("momentum", momentum), ("weight_decay", weightDecay), ("clip_norm", clipNorm), ("levels", levels),
      ("base_channels", baseChannels), ("classes", classes), ("normalization", normalization),
      ("dropout", dropout), ("precision", precision), ("threads", threads),
      ("validation_fraction", validationFraction), ("early_stopping", earlyStopping), ("seed", seed),
      ("input_size", inputSize), ("fit", fit), ("foreground_crops", foregroundCrops),
      ("image_normalization", imageNormalization), ("clip_percentiles", clipPercentiles), ("flip", flip),
      ("rotate", rotate), ("degrees", degrees), ("scale", scale), ("intensity", intensity), ("noise", noise),
    ]
    return all.compactMap { name, value in value.map { (name, $0) } }
  }
}
