import Hausdorff
import Testing

@testable import UNet

struct PreprocessingTests {
  private static func normalized(
    _ values: [Float], channels: Int = 1, _ change: (inout Preprocessing) -> Void = { _ in }
  ) -> [Float] {
    var preprocessing = Preprocessing()
    change(&preprocessing)
    var image = values
    preprocessing.normalize(&image, channels: channels)
    return image
  }

  @Test func `Each channel gets a mean of 0 and a deviation of 1`() {
    let image = Self.normalized([1, 2, 3, 4, 100, 300, 200, 200], channels: 2)
    for channel in [image[..<4], image[4...]] {
      let mean = channel.reduce(0, +) / 4
      #expect(abs(mean) < 1e-6)
      #expect(abs(channel.reduce(0) { $0 + $1 * $1 } / 4 - 1) < 1e-5)
    }
  }

  @Test func `Values go from 0 to 1, or stay`() {
    #expect(Self.normalized([2, 4, 6, 3]) { $0.normalization = .minmax } == [0, 0.5, 1, 0.25])
    #expect(Self.normalized([2, 4, 6]) { $0.normalization = .none } == [2, 4, 6])
  }

  @Test(arguments: [Preprocessing.Normalization.zscore, .minmax])
  func `A constant image is 0`(_ normalization: Preprocessing.Normalization) {
    #expect(Self.normalized([7, 7, 7]) { $0.normalization = normalization } == [0, 0, 0])
  }

  @Test func `What is beyond percentiles is clipped`() {
    let values = (0...100).map { Float($0 * 7 % 101) }
    let image = Self.normalized(values) {
      ($0.normalization, $0.clip) = (.none, 2...95)
    }
    #expect(image == values.map { min(max($0, 2), 95) })
  }

  @Test func `A rank is what sorting gives`() {
    var random = Random(seed: 3)
    for count in [1, 2, 3, 10, 101] {
      let values = (0..<count).map { _ in Float(random.index(below: 7)) }
      let sorted = values.sorted()
      for rank in 0..<count {
        var copy = values
        #expect(copy.select(rank) == sorted[rank])
      }
    }
  }

  @Test func `It is read back from what a model says`() throws {
    var preprocessing = Preprocessing()
    (preprocessing.normalization, preprocessing.clip) = (.minmax, 0.5...99.5)
    (preprocessing.fit, preprocessing.inputSize) = (.resize, [64, 96])
    for original in [preprocessing, Preprocessing()] {
      let entries = Dictionary(uniqueKeysWithValues: original.metadata)
      #expect(try Preprocessing(metadata: entries) == original)
    }
    var entries = Dictionary(uniqueKeysWithValues: preprocessing.metadata)
    for (key, value) in [
      ("preprocessing.clip", "99 1"), ("preprocessing.fit", "stretch"), ("preprocessing.input_size", "64"),
      ("preprocessing.normalization", ""),
    ] {
      let kept = entries[key]
      entries[key] = value
      #expect(throws: UNetError.self, "\(key)") { try Preprocessing(metadata: entries) }
      entries[key] = kept
    }
  }

  @Test func `What has no meaning is refused by name`() {
    func words(_ change: (inout Preprocessing) -> Void) -> String {
      var preprocessing = Preprocessing()
      change(&preprocessing)
      return #expect(throws: UNetError.self) { try preprocessing.validate() }?.detail ?? ""
    }
    #expect(words { $0.clip = -1...50 }.contains("clip"))
    #expect(words { $0.clip = 50...50 }.contains("clip"))
    #expect(words { $0.inputSize = [0, 4] }.contains("input_size"))
    #expect(words { $0.inputSize = [64] }.contains("input_size"))
    #expect(words { $0.fit = .resize }.contains("input_size"))
  }
}
