import Testing

@testable import UNet

struct ModelTests {
  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  @Test(arguments: ModelCase.all) func `A model reads back the same`(_ subject: ModelCase) throws {
    let path = folder.path("model.safetensors")
    try subject.model.write(to: path)
    let read = try Model(path: path)
    #expect(read.weights == subject.model.weights)
    #expect(read.preprocessing == subject.model.preprocessing)
    #expect(read.metadata.map(\.0) == ["note"] && read.metadata.map(\.1) == subject.model.metadata.map(\.1))
    try read.write(to: folder.path("again"))
    #expect(folder.read("again") == folder.read("model.safetensors"))
  }

  @Test func `The metadata is as documented`() throws {
    let entries = ModelCase.all[1].model.file.entries
    #expect(
      entries == [
        "format": "hausdorffd-unet-1", "architecture.levels": "1", "architecture.base_channels": "5",
        "architecture.in_channels": "1", "architecture.classes": "3", "architecture.normalization": "batch",
        "architecture.dropout": "0.0", "preprocessing.normalization": "zscore", "preprocessing.fit": "crop",
        "preprocessing.clip": "2.5 97.0", "preprocessing.input_size": "8 8",
        "note": "a \"note\" in two\nlines",
      ])
  }

  @Test func `A checkpoint is read as the model in it`() throws {
    let (model, file) = (ModelCase.all[0].model, ModelCase.all[0].checkpoint)
    let path = folder.path("checkpoint.safetensors")
    try file.write(to: path)
    for read in [try Model(path: path), try Model(file, path: path)] {
      #expect(read.weights == model.weights)
      #expect(read.metadata.map(\.0) == ["note", "state.epoch"])
    }
  }

  private static func set(_ name: String, _ text: String?) -> @Sendable (inout Safetensors) -> Void {
    { file in
      file.metadata.removeAll { $0.0 == name }
      if let text { file.metadata.append((name, text)) }
    }
  }

  private static let changes: [(String, @Sendable (inout Safetensors) -> Void)] = [
    ("not a model of hausdorffd: its metadata has no 'format'", set("format", nil)),
    (#"format "hausdorffd-unet-2" is not known; 'hausdorffd-unet-1' is"#, set("format", "hausdorffd-unet-2")),
    ("the model lacks 'architecture.levels'", set("architecture.levels", nil)),
    ("the model's 'architecture.levels' is invalid", set("architecture.levels", "two")),
    ("levels is 63; it goes from 1 to 7", set("architecture.levels", "63")),
    ("base_channels is -8; it goes from 1 to 512", set("architecture.base_channels", "-8")),
    ("in_channels is 9223372036854775807; it goes", set("architecture.in_channels", "9223372036854775807")),
    ("classes is 0; it goes from 1 to 256", set("architecture.classes", "0")),
    ("the model's 'architecture.normalization' is invalid", set("architecture.normalization", "group")),
    ("dropout is nan; it goes from 0", set("architecture.dropout", "nan")),
    ("the model's 'preprocessing.normalization' is invalid", set("preprocessing.normalization", nil)),
    ("the model's 'preprocessing.clip' is invalid", set("preprocessing.clip", "99 1")),
    ("clip_percentiles must be two rising percentiles", set("preprocessing.clip", "1 101")),
    ("input_size must be a height and a width", set("preprocessing.input_size", "8")),
    ("resize needs input_size", set("preprocessing.fit", "resize")),
    ("the model lacks tensor 'encoder.2.convolution1.weight'", set("architecture.levels", "3")),
    (
      "tensor 'encoder.0.convolution1.weight' has shape [8, 1, 3, 3]; in this architecture it is [8, 2, 3, 3]",
      set("architecture.in_channels", "2")
    ),
    ("the model lacks tensor 'head.bias'", { $0.tensors.removeLast() }),
    (
      "tensor 'head.bias' has shape []; in this architecture it is [1]",
      { $0.tensors[$0.tensors.count - 1].shape = [] }
    ),
    (
      #"tensor "further" is not one of this architecture"#,
      { $0.tensors.append(.init(name: "further", shape: [], values: [0])) }
    ),
    (
      "tensor 'head.bias' has a value that is not finite",
      { $0.tensors[$0.tensors.count - 1].values = [.infinity] }
    ),
  ]

  @Test(arguments: changes.indices) func `What is no model is refused in words`(_ index: Int) throws {
    let (words, change) = Self.changes[index]
    var file = ModelCase.all[0].model.file
    change(&file)
    let path = folder.path("model.safetensors")
    try file.write(to: path)
    let error = #expect(throws: UNetError.self) { try Model(path: path) }
    #expect(error?.kind == .model)
    #expect(error?.detail.hasPrefix("\(path): \(words)") == true, "\(error!)")
  }

  @Test func `An ONNX file beyond what one can hold is not begun`() throws {
    let path = folder.path("model.onnx")
    let error = #expect(throws: UNetError.self) {
      try ModelCase.all[0].model.writeONNX(to: path, maximumCount: 10_000)
    }
    #expect(error?.kind == .configuration)
    #expect(error?.detail.hasPrefix("\(path): the model takes ") == true)
    #expect(error?.detail.hasSuffix(" bytes; in ONNX the most is 10000") == true)
    #expect(try folder.names == [])
  }
}
