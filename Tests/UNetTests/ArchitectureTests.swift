import Testing

@testable import UNet

struct ArchitectureTests {
  @Test func `The parameters are those of a U-Net of 1.9 million`() {
    let trained = Architecture().parameters.filter(\.role.isTrained)
    #expect(trained.map(\.count).reduce(0, +) == 1_942_289)
    #expect(trained.first?.name == "encoder.0.convolution1.weight")
    #expect(trained.first?.shape == [16, 1, 3, 3])
    #expect(trained.last?.name == "head.bias")
    #expect(Set(trained.map(\.name)).count == trained.count)
  }

  @Test func `Without normalisation each convolution has a bias`() {
    var architecture = Architecture()
    architecture.normalization = .none
    let names = Set(architecture.parameters.map(\.name))
    #expect(names.contains("bottleneck.convolution2.bias"))
    #expect(!names.contains { $0.contains("normalization") })
  }

  @Test(arguments: [
    (0, 16, 1, 1, "levels is 0"), (8, 16, 1, 1, "levels is 8"), (4, 0, 1, 1, "base_channels is 0"),
    (4, 512, 1, 1, "8192 channels at the bottom"), (4, 16, 0, 1, "in_channels is 0"),
    (4, 16, 1, 257, "classes is 257"),
  ])
  func `What cannot be built is named`(
    _ levels: Int, _ baseChannels: Int, _ inChannels: Int, _ classes: Int, _ words: String
  ) {
    var architecture = Architecture()
    architecture.levels = levels
    architecture.baseChannels = baseChannels
    architecture.inChannels = inChannels
    architecture.classes = classes
    let error = #expect(throws: UNetError.self) { try architecture.validate() }
    #expect(error?.detail.contains(words) == true)
  }

  @Test(arguments: [-0.1, 1, Float.nan]) func `Dropout is a share`(_ dropout: Float) {
    var architecture = Architecture()
    architecture.dropout = dropout
    #expect(throws: UNetError.self) { try architecture.validate() }
  }
}
