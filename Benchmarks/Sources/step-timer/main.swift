// Times training steps of a U-Net on synthetic blobs, for a driver at the other end of a pipe.
//
//   train bf16 2 8,1,256,256     a network of 4 levels and 16 base channels, on so many threads, for batches of this shape
//   step bce 10                  takes ten steps; answers the last loss, the seconds of a step, and those of convolutions
//   apply f32 2 512,512          a network for inference on images of this size, on so many threads
//   image 10                     applies it ten times; answers the mean probability and the seconds of an image
//   export model.onnx            writes that network
@preconcurrency import Glibc
import Hausdorff
import UNet

/// Seconds since some moment.
func now() -> Double {
  var time = timespec()
  clock_gettime(CLOCK_MONOTONIC, &time)
  return Double(time.tv_sec) + 1e-9 * Double(time.tv_nsec)
}

/// A network with a batch to train on: discs in noise.
struct Training {
  let trainer: Trainer
  var images: [Float] = []
  var labels: [UInt8] = []

  init(precision: Precision, threads: Int, shape: [Int]) throws {
    var options = Trainer.Options(height: shape[2], width: shape[3], threads: threads)
    options.batchSize = shape[0]
    options.precision = precision
    var architecture = Architecture()
    architecture.inChannels = shape[1]
    trainer = try Trainer(weights: Weights(architecture: architecture, seed: 1), options: options)
    var random = Random(seed: 1)
    for item in 0..<shape[0] {
      let (row, column) = (random.uniform(in: 0.3...0.7), random.uniform(in: 0.3...0.7))
      for y in 0..<shape[2] {
        for x in 0..<shape[3] {
          let (dy, dx) = (Double(y) / Double(shape[2]) - row, Double(x) / Double(shape[3]) - column)
          labels.append(dy * dy + dx * dx < 0.01 * Double(item % 4 + 1) ? 1 : 0)
        }
      }
      for index in labels.indices.suffix(shape[2] * shape[3]) {
        images.append(Float(labels[index]) + Float(random.normal()))
      }
    }
    precondition(shape[1] == 1, "images of one channel")
  }

  func step(_ loss: LossFunction, count: Int) throws -> (Double, Double, Double) {
    var last = 0.0
    let (start, convolutions) = (now(), trainer.convolutionSeconds)
    try images.withUnsafeBufferPointer { images in
      try labels.withUnsafeBufferPointer { labels in
        for _ in 0..<count {
          last = try trainer.step(images: images, labels: labels, loss: loss, rate: 1e-3).loss ?? .nan
        }
      }
    }
    return (
      last, (now() - start) / Double(count), (trainer.convolutionSeconds - convolutions) / Double(count)
    )
  }
}

/// The sum of terms by their names.
func loss(_ names: Substring) -> LossFunction {
  let kinds: [Substring: LossTerm.Kind] = [
    "bce": .crossEntropy, "dice_loss": .dice, "hausdorff_dt": .hausdorffDistanceTransform(),
  ]
  let terms = names.split(separator: "+").map { name in
    guard let kind = kinds[name] else { preconditionFailure("not a loss: \(name)") }
    return LossTerm(kind)
  }
  var function = LossFunction(terms: terms, spacing: [1, 1])
  function.activation = Trainer.activation(of: 1)
  return function
}

/// A network at work on noise.
struct Inference {
  let weights: Weights
  let predictor: Predictor
  let height: Int
  let width: Int
  let image: [Float]

  init(precision: Precision, threads: Int, shape: [Int]) throws {
    (height, width) = (shape[0], shape[1])
    weights = Weights(architecture: Architecture(), seed: 1)
    predictor = try Predictor(weights: weights, precision: precision, threads: threads)
    var random = Random(seed: 1)
    image = (0..<height * width).map { _ in Float(random.normal()) }
  }

  func apply(count: Int) throws -> (Double, Double) {
    var mean = 0.0
    let start = now()
    try image.withUnsafeBufferPointer { image in
      for _ in 0..<count {
        let probabilities = try predictor.probabilities(of: image, height: height, width: width)
        mean = probabilities.reduce(0) { $0 + Double($1) } / Double(probabilities.count)
      }
    }
    return (mean, (now() - start) / Double(count))
  }
}

/// The numbers of a list between commas.
func numbers(_ list: Substring) -> [Int] { list.split(separator: ",").compactMap { Int($0) } }

/// Answers with numbers.
func answer(_ numbers: Double...) {
  print(numbers.map { "\($0)" }.joined(separator: " "))
  fflush(nil)
}

var inference: Inference?
var training: Training?
while let line = readLine() {
  let words = line.split(separator: " ")
  if words.count == 4, words[0] == "train", let precision = Precision(rawValue: String(words[1])),
    let threads = Int(words[2])
  {
    training = nil
    training = try Training(precision: precision, threads: threads, shape: numbers(words[3]))
  } else if words.count == 3, words[0] == "step", let count = Int(words[2]), let training {
    let (loss, seconds, convolutions) = try training.step(loss(words[1]), count: count)
    answer(loss, seconds, convolutions)
  } else if words.count == 4, words[0] == "apply", let precision = Precision(rawValue: String(words[1])),
    let threads = Int(words[2])
  {
    inference = try Inference(precision: precision, threads: threads, shape: numbers(words[3]))
  } else if words.count == 2, words[0] == "image", let count = Int(words[1]), let inference {
    let (mean, seconds) = try inference.apply(count: count)
    answer(mean, seconds)
  } else if words.count == 2, words[0] == "export", let inference {
    try Model(weights: inference.weights, preprocessing: Preprocessing()).writeONNX(to: String(words[1]))
    answer(0)
  } else {
    preconditionFailure("not a command: \(line)")
  }
}
