import Testing

/// The examples, shortened: a U-Net learns from the service's loss.
@Suite(.serialized)
struct ExampleTests {
  private static let epochs = 4

  /// What follows `name` in each line that has it.
  private func values(_ name: String, in text: String) -> [Double] {
    text.split(separator: "\n").compactMap { line in
      let words = line.split { " ,=".contains($0) }
      return words.firstIndex { $0 == name }.flatMap { Double(words[$0 + 1]) }
    }
  }

  @Test(
    arguments: [("keras_unet.py", ["KERAS_BACKEND": "torch"]), ("pytorch_unet.py", [:])]
      as [(String, [String: String])])
  func `A network learns, and its scores get better`(_ script: String, _ environment: [String: String]) throws
  {
    let server = try ServerProcess.shared
    let text = try Python.run(
      "Examples/\(script)",
      [
        "--url=http://127.0.0.1:\(server.port)", "--epochs=\(Self.epochs)", "--samples=32", "--size=64",
        "--base=4",
      ], environment: environment.merging(["OMP_NUM_THREADS": "2"]) { $1 })
    let losses = values("loss", in: text)
    #expect(losses.count == Self.epochs, "\(text)")
    #expect(losses.last! < 0.9 * losses.first!, "\(text)")
    let distances = values("val_average_hausdorff", in: text)
    #expect(distances.count == Self.epochs && distances.last! < 0.8 * distances.first!, "\(text)")
    #expect(values("val_hausdorff_95", in: text).count == Self.epochs)
    #expect(try eventually { try server.requestCount() == 0 })
  }

  @Test(arguments: ["keras_unet.py", "pytorch_unet.py"])
  func `A refusal ends an example with the server's words`(_ script: String) throws {
    let server = try ServerProcess.shared
    let process = try Python.process(
      "Examples/\(script)",
      [
        "--url=http://127.0.0.1:\(server.port)", "--epochs=1", "--samples=8", "--size=16", "--base=4",
        "--losses=hausdorf_dt",
      ], environment: ["KERAS_BACKEND": "torch"])
    #expect(try process.wait(within: 300) != 0)
    #expect(
      process.errors.contains("422: The request cannot be answered: losses: 'hausdorf_dt' is not a loss"))
  }
}
