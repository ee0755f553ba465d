// Times training steps of a U-Net on synthetic blobs, for a driver at the other end of a pipe.
//
//   train bf16 2 8,1,256,256     a network of 4 levels and 16 base channels, on so many threads, for batches of this shape
//   step bce 10                  takes ten steps; answers the last loss and the seconds of a step
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

  func step(_ loss: LossFunction, count: Int) throws -> (Double, Double) {
    var last = 0.0
    let start = now()
    try images.withUnsafeBufferPointer { images in
      try labels.withUnsafeBufferPointer { labels in
        for _ in 0..<count {
          last = try trainer.step(images: images, labels: labels, loss: loss, rate: 1e-3).loss ?? .nan
        }
      }
    }
    return (last, (now() - start) / Double(count))
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

var training: Training?
while let line = readLine() {
  let words = line.split(separator: " ")
  if words.count == 4, words[0] == "train", let precision = Precision(rawValue: String(words[1])),
    let threads = Int(words[2])
  {
    training = nil
    training = try Training(
      precision: precision, threads: threads, shape: words[3].split(separator: ",").compactMap { Int($0) })
  } else if words.count == 3, words[0] == "step", let count = Int(words[2]), let training {
    let (value, seconds) = try training.step(loss(words[1]), count: count)
    print(value, seconds)
    fflush(nil)
  } else {
    preconditionFailure("not a command: \(line)")
  }
}
