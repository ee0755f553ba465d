import Dispatch
import Hausdorff

/// Makes the next batch while the present one is trained on.
final class BatchLoader {
  /// Images and labels of a batch, in memory that the next but one takes over.
  final class Batch: @unchecked Sendable {
    // Written by the loader's queue, and read by the trainer only behind the semaphore that says it is whole.
    let images: UnsafeMutableBufferPointer<Float>
    let labels: UnsafeMutableBufferPointer<UInt8>
    fileprivate(set) var count = 0
    fileprivate var failure: UNetError?

    fileprivate init(images: Int, labels: Int) {
      self.images = .allocate(capacity: images)
      self.labels = .allocate(capacity: labels)
      self.images.initialize(repeating: 0)
      self.labels.initialize(repeating: 0)
    }

    deinit {
      images.deallocate()
      labels.deallocate()
    }
  }

  private let reader: SampleReader
  private let imageCount: Int
  private let labelCount: Int
  private let batches: [Batch]
  private let queue = DispatchQueue(label: "hausdorffd.batches")

  init(reader: SampleReader, batchSize: Int) {
    self.reader = reader
    labelCount = reader.height * reader.width
    imageCount = reader.source.channels * labelCount
    let (images, labels) = (batchSize * imageCount, batchSize * labelCount)
    batches = (0..<2).map { _ in Batch(images: images, labels: labels) }
  }

  /// Calls `body` with each batch in turn until it says to stop.
  ///
  /// - Parameters:
  ///   - lists: indices of each batch's samples.
  ///   - random: the random numbers that vary a sample.
  ///   - body: returns whether to go on.
  func forEach(
    _ lists: [ArraySlice<Int>], random: @escaping @Sendable (Int) -> Random,
    _ body: (Batch) throws(UNetError) -> Bool
  ) throws(UNetError) {
    let isReady = DispatchSemaphore(value: 0)
    func prepare(_ index: Int) {
      let (batch, list) = (batches[index % 2], lists[index])
      queue.async { [reader, imageCount, labelCount] in
        Self.fill(batch, with: list, of: reader, imageCount, labelCount, random)
        isReady.signal()
      }
    }
    // Nobody may write to a batch behind the end.
    defer { queue.sync {} }
    if !lists.isEmpty { prepare(0) }
    for index in lists.indices {
      isReady.wait()
      if index + 1 < lists.count { prepare(index + 1) }
      let batch = batches[index % 2]
      if let failure = batch.failure { throw failure }
      guard try body(batch) else { return }
    }
  }

  private static func fill(
    _ batch: Batch, with list: ArraySlice<Int>, of reader: SampleReader, _ imageCount: Int, _ labelCount: Int,
    _ random: (Int) -> Random
  ) {
    batch.count = list.count
    batch.failure = nil
    for (position, index) in list.enumerated() {
      var random = random(index)
      do throws(UNetError) {
        try reader.draw(
          index, &random,
          image: UnsafeMutableBufferPointer(
            rebasing: batch.images[position * imageCount..<(position + 1) * imageCount]),
          labels: UnsafeMutableBufferPointer(
            rebasing: batch.labels[position * labelCount..<(position + 1) * labelCount]))
      } catch {
        batch.failure = error
        return
      }
    }
  }
}
