import struct Hausdorff.Random

@testable import UNet

/// Discs in noise, made up.
struct TestSamples: SampleSource {
  var samples: [Sample]
  var digest = "discs"
  /// A sample that cannot be read, if one cannot.
  var gone: Int?

  init(
    count: Int, height: Int = 32, width: Int = 32, channels: Int = 1, seed: UInt64 = 1, noise: Double = 0.3
  ) {
    samples = (0..<count).map { index in
      var random = Random(seed: seed, UInt64(index))
      let (row, column) = (random.uniform(in: 0.3...0.7), random.uniform(in: 0.3...0.7))
      let radius = random.uniform(in: 0.15...0.28) * Double(min(height, width))
      var labels = [UInt8](repeating: 0, count: height * width)
      for pixel in labels.indices {
        let y = Double(pixel / width) - row * Double(height)
        let x = Double(pixel % width) - column * Double(width)
        labels[pixel] = y * y + x * x < radius * radius ? 1 : 0
      }
      let image = (0..<channels).flatMap { _ in labels.map { Float($0) + Float(noise * random.normal()) } }
      return Sample(channels: channels, height: height, width: width, image: image, labels: labels)
    }
  }

  var count: Int { samples.count }
  var channels: Int { samples.first?.channels ?? 1 }
  func name(of index: Int) -> String { "sample \(index)" }
  func size(of index: Int) -> (height: Int, width: Int) { (samples[index].height, samples[index].width) }
  func largestLabel(of index: Int) -> Int { Int(samples[index].labels.max() ?? 0) }
  func sample(_ index: Int) throws(UNetError) -> Sample {
    if index == gone { throw UNetError(.data, "it is gone") }
    return samples[index]
  }
}
