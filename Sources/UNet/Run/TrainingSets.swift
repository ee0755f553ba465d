import Hausdorff

/// The samples of a run, checked against each other and the network.
struct TrainingSets: Sendable {
  let training: any SampleSource
  /// Indices of the samples to train on.
  let trained: [Int]
  let validation: any SampleSource
  /// Indices of the samples to validate on, those of one size beside each other.
  let validated: [Int]
  let height: Int
  let width: Int
  /// What is the same only while all samples are.
  let digest: String

  /// - Throws: `UNetError.data` where samples and options do not go together, in words that name the sample.
  init(
    training: any SampleSource, validation: (any SampleSource)?, options: TrainingOptions
  ) throws(UNetError) {
    self.training = training
    self.validation = validation ?? training
    guard training.count > 0 else { throw UNetError(.data, "the data set is empty") }
    if let validation {
      guard validation.count > 0 else { throw UNetError(.data, "the validation set is empty") }
      (trained, validated) = (Array(0..<training.count), Self.bySize(0..<validation.count, validation))
      digest = "\(training.digest) \(validation.digest)"
    } else {
      guard training.count > 1 else {
        throw UNetError(
          .data,
          "the data set has one sample only; to train and to validate takes at least 2, or a validation set of its own"
        )
      }
      var random = Random(seed: options.seed, 1)
      var order = random.permutation(of: training.count)
      let share = (Double(training.count) * options.validationFraction).rounded()
      let count = min(training.count - 1, max(1, Int(share)))
      // Both parts need some foreground, as far as it goes: the last comes first to training.
      var isFound = [false, false]
      for position in order.indices where training.largestLabel(of: order[position]) > 0 {
        let part = position < count ? 0 : 1
        guard isFound[part] else {
          isFound[part] = true
          continue
        }
        if !isFound[1 - part] {
          order.swapAt(position, part == 0 ? count : 0)
          isFound[1 - part] = true
        }
      }
      (trained, validated) = (order[count...].sorted(), Self.bySize(order[..<count], training))
      digest = training.digest
    }
    (height, width) = try Self.size(training, options)
    try Self.check(training, trained, options, isTraining: true)
    try Self.check(self.validation, validated, options, isTraining: false)
  }

  private static func bySize(_ indices: some Sequence<Int>, _ source: any SampleSource) -> [Int] {
    indices.map { ($0, source.size(of: $0)) }
      .sorted { ($0.1.height, $0.1.width, $0.0) < ($1.1.height, $1.1.width, $1.0) }.map(\.0)
  }

  /// What the network trains on.
  private static func size(
    _ source: any SampleSource, _ options: TrainingOptions
  ) throws(UNetError) -> (Int, Int) {
    let first = source.size(of: 0)
    let size = options.preprocessing.inputSize ?? [first.height, first.width]
    if options.preprocessing.inputSize == nil {
      for index in 1..<max(1, source.count) {
        let other = source.size(of: index)
        guard other == first else {
          throw UNetError(
            .data,
            "\(source.name(of: index)) is \(other.height)×\(other.width), but \(source.name(of: 0)) \(first.height)×\(first.width); images of different sizes need input_size"
          )
        }
      }
    }
    let least = options.architecture.sizeMultiple
    guard size.allSatisfy({ $0 >= least }) else {
      throw UNetError(
        .data,
        "images of \(size[0])×\(size[1]) are too small for \(options.architecture.levels) levels, which halve them to nothing; the least is \(least)×\(least)"
      )
    }
    guard size.allSatisfy({ $0 <= Preprocessing.maximumExtent }) else {
      throw UNetError(
        .data,
        "images of \(size[0])×\(size[1]) are too large to train on whole; give an input_size of at most \(Preprocessing.maximumExtent)"
      )
    }
    return (size[0], size[1])
  }

  private static func check(
    _ source: any SampleSource, _ indices: [Int], _ options: TrainingOptions, isTraining: Bool
  ) throws(UNetError) {
    let what = isTraining ? "training" : "validation"
    let architecture = options.architecture
    guard source.channels == architecture.inChannels else {
      throw UNetError(
        .data,
        "the \(what) images have \(source.channels) channels, but the network takes \(architecture.inChannels)"
      )
    }
    var largest = 0
    for index in indices {
      let label = source.largestLabel(of: index)
      guard architecture.classes == 1 || label < architecture.classes else {
        throw UNetError(
          .data,
          "the mask of \(source.name(of: index)) has label \(label), but with \(architecture.classes) classes labels go to \(architecture.classes - 1)"
        )
      }
      largest = max(largest, label)
    }
    guard largest > 0 else {
      throw UNetError(.data, "no mask of the \(what) samples has any foreground")
    }
  }
}
