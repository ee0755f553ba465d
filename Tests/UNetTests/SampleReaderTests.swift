import Dispatch
import Hausdorff
import Testing

@testable import UNet

struct SampleReaderTests {
  private static func reader(
    _ source: TestSamples, _ height: Int, _ width: Int, augmentation: Augmentation = .none,
    foregroundCrops: Double = 0, fit: Preprocessing.Fit = .crop
  ) -> SampleReader {
    var preprocessing = Preprocessing()
    (preprocessing.normalization, preprocessing.fit) = (.none, fit)
    return SampleReader(
      source: source, preprocessing: preprocessing, augmentation: augmentation,
      foregroundCrops: foregroundCrops, height: height, width: width)
  }

  private static func draw(_ reader: SampleReader, _ index: Int, _ seed: UInt64) throws -> ([Float], [UInt8])
  {
    var random = Random(seed: seed)
    var image = [Float](repeating: 0, count: reader.source.channels * reader.height * reader.width)
    var labels = [UInt8](repeating: 0, count: reader.height * reader.width)
    try image.withUnsafeMutableBufferPointer { image in
      try labels.withUnsafeMutableBufferPointer { labels in
        try reader.draw(index, &random, image: image, labels: labels)
      }
    }
    return (image, labels)
  }

  @Test func `Without augmentation a sample is drawn as it is`() throws {
    let source = TestSamples(count: 2, height: 20, width: 24, channels: 2)
    let (image, labels) = try Self.draw(Self.reader(source, 20, 24), 1, 7)
    #expect(image == source.samples[1].image && labels == source.samples[1].labels)
  }

  @Test func `Labels go with the image whatever is done to it`() throws {
    // Without noise the image is its labels, but where it is interpolated.
    let source = TestSamples(count: 1, channels: 2, noise: 0)
    var augmentation = Augmentation()
    (augmentation.degrees, augmentation.scale) = (30, 0.2)
    let reader = Self.reader(source, 32, 32, augmentation: augmentation)
    var distinct: Set<[UInt8]> = []
    for seed in 0..<40 {
      let (image, labels) = try Self.draw(reader, 0, UInt64(seed))
      distinct.insert(labels)
      for channel in 0..<2 {
        let wrong = labels.indices.count { abs(image[channel * 1024 + $0] - Float(labels[$0])) > 0.75 }
        #expect(wrong <= 2, "only at edges do they differ by more")
      }
      #expect(labels.contains(1))
    }
    #expect(distinct.count > 30)
  }

  @Test func `Flips and right angles keep every value`() throws {
    let source = TestSamples(count: 1)
    let reader = Self.reader(source, 32, 32, augmentation: Augmentation())
    let images = try Set((0..<60).map { try Self.draw(reader, 0, UInt64($0)).0 })
    #expect(images.count == 8, "the square has eight symmetries")
    #expect(images.allSatisfy { $0.sorted() == source.samples[0].image.sorted() })
    let wide = Self.reader(TestSamples(count: 1, height: 16, width: 32), 16, 32, augmentation: Augmentation())
    #expect(try Set((0..<60).map { try Self.draw(wide, 0, UInt64($0)).1 }).count == 4)
  }

  @Test func `Intensity and noise change the image alone`() throws {
    var augmentation = Augmentation.none
    (augmentation.intensity, augmentation.noise) = (0.5, 0.1)
    let source = TestSamples(count: 1)
    let (image, labels) = try Self.draw(Self.reader(source, 32, 32, augmentation: augmentation), 0, 3)
    #expect(labels == source.samples[0].labels)
    #expect(image != source.samples[0].image)
    #expect(zip(image, source.samples[0].image).allSatisfy { abs($0 - $1) < 3 })
  }

  @Test func `Crops that favour foreground have some`() throws {
    var source = TestSamples(count: 1, height: 200, width: 300)
    source.samples[0].labels = [UInt8](repeating: 0, count: 60_000)
    source.samples[0].labels[190 * 300 + 5] = 1
    let favoured = Self.reader(source, 16, 16, foregroundCrops: 1)
    let chance = Self.reader(source, 16, 16)
    func hits(_ reader: SampleReader) throws -> Int {
      try (0..<50).count { try Self.draw(reader, 0, UInt64($0)).1.contains(1) }
    }
    #expect(try hits(favoured) == 50)
    #expect(try hits(chance) < 5)
  }

  @Test func `An image smaller than the window has zeros around it`() throws {
    let source = TestSamples(count: 1, height: 10, width: 40)
    let (image, _) = try Self.draw(Self.reader(source, 16, 16), 0, 1)
    #expect(image[..<48].allSatisfy { $0 == 0 } && image[(16 * 13)...].allSatisfy { $0 == 0 })
    #expect(image[48..<208].allSatisfy { $0 != 0 })
  }

  @Test func `Resized images are seen whole`() throws {
    let source = TestSamples(count: 1, height: 64, width: 128, noise: 0)
    let reader = Self.reader(source, 32, 32, fit: .resize)
    let whole = try reader.whole(0)
    #expect(whole.height == 32 && whole.width == 32)
    let (share, original) = (
      Double(whole.labels.count { $0 == 1 }) / 1024,
      Double(source.samples[0].labels.count { $0 == 1 }) / 8192
    )
    #expect(abs(share - original) < 0.02)
    #expect(try Self.draw(reader, 0, 1).0 == whole.image)
    #expect(try Self.reader(source, 32, 32).whole(0) == source.samples[0], "cropping validates on all")
  }

  @Test func `The next batch is made while the present one is worked on`() throws {
    /// Tells when sample 1 is read.
    struct Watched: SampleSource {
      let samples = TestSamples(count: 2)
      let isRead = DispatchSemaphore(value: 0)
      var count: Int { 2 }
      var channels: Int { 1 }
      var digest: String { "" }
      func name(of index: Int) -> String { "" }
      func size(of index: Int) -> (height: Int, width: Int) { (32, 32) }
      func largestLabel(of index: Int) -> Int { 1 }
      func sample(_ index: Int) throws(UNetError) -> Sample {
        if index == 1 { isRead.signal() }
        return samples.samples[index]
      }
    }
    let source = Watched()
    let reader = SampleReader(
      source: source, preprocessing: Preprocessing(), augmentation: .none, foregroundCrops: 0, height: 32,
      width: 32)
    let random: @Sendable (Int) -> Random = { Random(seed: UInt64($0)) }
    var isFirst = true
    try BatchLoader(reader: reader, batchSize: 1).forEach([[0], [1]], random: random) {
      (_) throws(UNetError) in
      if isFirst { #expect(source.isRead.wait(timeout: .now() + 60) == .success) }
      isFirst = false
      return true
    }
  }

  @Test func `Batches come in order, vary by seed alone, and tell of failures`() throws {
    let source = TestSamples(count: 5)
    let loader = BatchLoader(reader: Self.reader(source, 32, 32), batchSize: 2)
    let random: @Sendable (Int) -> Random = { Random(seed: UInt64($0)) }
    let lists = [[4, 0], [1, 2], [3]].map { $0[...] }
    var seen: [Float] = []
    try loader.forEach(lists, random: random) { (batch) throws(UNetError) in
      seen += batch.images[..<(batch.count * 1024)]
      return true
    }
    #expect(seen == [4, 0, 1, 2, 3].flatMap { source.samples[$0].image })
    var count = 0
    try loader.forEach(lists, random: random) { (_) throws(UNetError) in
      count += 1
      return false
    }
    #expect(count == 1)
    var broken = TestSamples(count: 4)
    broken.gone = 3
    let reader = SampleReader(
      source: broken, preprocessing: Preprocessing(), augmentation: .none, foregroundCrops: 0, height: 32,
      width: 32)
    let error = #expect(throws: UNetError.self) {
      try BatchLoader(reader: reader, batchSize: 2)
        .forEach(Array(lists[1...]), random: random) { (_) throws(UNetError) in true }
    }
    #expect(error?.detail == "it is gone")
  }
}
