import Testing

@testable import UNet

/// Files of ours as others read them: what networks give there is what they give here.
struct PythonTests {
  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  private func run(_ script: String, _ arguments: String..., environment: [String: String] = [:]) throws
    -> String
  {
    try Python.run("Tests/UNetTests/Python/\(script)", arguments, environment: environment)
  }

  @Test func `A safetensors file is what the format's description says`() throws {
    let shapes = [[2, 3, 4], [], [7], [2, 0], [1]]
    let tensors = shapes.enumerated().map { index, shape in
      let values = (0..<shape.reduce(1, *)).map { Float($0 + index) }
      return Safetensors.Tensor(name: "\"\(index)\"", shape: shape, values: values)
    }
    let path = folder.path("file.safetensors")
    try Safetensors(metadata: [("key", "tab\t, \"quotes\", \\ and é")], tensors: tensors).write(to: path)
    #expect(try run("safetensors_file.py", path) == "5 tensors\n")
  }

  @Test func `ONNX models are valid and give our probabilities`() throws {
    for subject in ModelCase.all { try subject.write(to: folder) }
    let text = try run("onnx_models.py", folder.path)
    #expect(text.hasSuffix("4 models, 0 differences\n"), "\(text)")
  }

  @Test(
    arguments: [("load_pytorch.py", [:]), ("load_keras.py", ["KERAS_BACKEND": "torch"])]
      as [(String, [String: String])])
  func `The loaders give our probabilities`(_ example: String, _ environment: [String: String]) throws {
    for subject in ModelCase.all { try subject.write(to: folder) }
    // Of a checkpoint they take the model.
    let subject = ModelCase.all[0]
    try subject.checkpoint.write(to: folder.path("\(subject.name).safetensors"))
    var resized = subject.model
    (resized.preprocessing.fit, resized.preprocessing.inputSize) = (.resize, [8, 16])
    try resized.write(to: folder.path("resized.refused"))
    try Safetensors().write(to: folder.path("empty.refused"))

    let text = try run(
      "loaders.py", "\(Python.root)/Examples/\(example)", folder.path, environment: environment)
    #expect(text.contains("mean probability of each class: 0."))
    #expect(text.contains("refused: \(folder.path("empty.refused")) is not a model of hausdorffd"))
    #expect(
      text.contains("refused: this model was trained on images interpolated to 8 x 16, which is not done"))
    #expect(text.hasSuffix("4 models, 0 differences\n"), "\(text)")
  }
}
