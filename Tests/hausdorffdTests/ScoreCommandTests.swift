import Glibc
import Hausdorff
import Testing

/// `hausdorffd score` on files.
struct ScoreCommandTests {
  private let folder: TemporaryFolder
  private let truth, prediction: String
  private let masks: (TestMask, TestMask)

  init() throws {
    folder = try TemporaryFolder()
    masks = (TestMask(random: [20, 30], seed: 1), TestMask(random: [20, 30], seed: 2))
    truth = try folder.write("truth.png", masks.0.png)
    prediction = try folder.write("prediction.npy", masks.1.npy(.float32))
  }

  @Test func `A PNG and an npy are scored in a table`() throws {
    let result = try Executable.run("score", truth, prediction)
    #expect(result.status == 0 && result.errors.isEmpty, "\(result)")
    let rows = result.output.split(separator: "\n").map { $0.split(separator: " ").map(String.init) }
    #expect(rows.map(\.first) == ["average_hausdorff", "hausdorff", "hausdorff_95", "dice", "iou"])
    let expected = Oracle(masks.0, masks.1)
    #expect(abs((Double(rows[0][1]) ?? .nan) - expected.averageHausdorff) < 1e-6)
    #expect(abs((Double(rows[1][1]) ?? .nan) - expected.hausdorff) < 1e-6)
  }

  @Test func `With --json it prints what the server answers`() throws {
    let options = [
      ("metrics", "hausdorff,dice"), ("distance", "manhattan"), ("spacing", "2,0.5"), ("threshold", "2"),
      ("empty", "nan"), ("reduction", "sum"),
    ]
    let process = try ChildProcess(
      Executable.path, ["score", truth, prediction, "--json"] + options.map { "--\($0)=\($1)" })
    #expect(try process.wait() == 0)
    let served = try ServerProcess.shared.ask(.score(files: masks.0.png, masks.1.npy(.float32), options))
    #expect(served.status == 200)
    #expect(process.output == served.body + [10])
  }

  @Test func `A batch is a row an item and one for all`() throws {
    let batch = TestMask(random: [3, 4, 5], seed: 4)
    let path = try folder.write("batch.npy", batch.npy())
    let table = try Executable.run("score", path, path, "--metrics=dice")
    let rows = table.output.split(separator: "\n").map { $0.split(separator: " ") }
    #expect(
      rows == [["item", "dice", "empty"], ["0", "1.0"], ["1", "1.0"], ["2", "1.0"], ["mean", "1.0"]])
    let volume = try Executable.run("score", path, path, "--metrics=dice", "--layout=DHW", "--json")
    #expect(JSON(volume.output)["items"].count == 1)
  }

  @Test func `An empty mask is told on standard error`() throws {
    let path = try folder.write("empty.npy", TestMask([20, 30], [Bool](repeating: false, count: 600)).npy())
    let result = try Executable.run("score", truth, path)
    #expect(result.status == 0 && result.errors.contains("empty mask"), "\(result)")
    let refused = try Executable.run("score", truth, path, "--empty=error")
    #expect(
      refused.status == 1 && refused.errors.contains("\(path): item 0")
        && !refused.errors.contains("Problem(")
        && refused.output.isEmpty, "\(refused)")
  }

  private static let bad: [(String, [UInt8])] = [
    ("cut.png", Array(TestMask(random: [8, 8], seed: 1).png.prefix(50))), ("empty.png", []),
    ("words.npy", Array("not an array at all".utf8)),
    ("pickle.npy", TestMask.npy(descr: "'|O'", shape: "(2,)", data: [])),
  ]

  @Test(arguments: bad.indices) func `A bad file is named and ends with status 1`(_ index: Int) throws {
    let (name, bytes) = Self.bad[index]
    let path = try folder.write(name, bytes)
    let result = try Executable.run("score", path, prediction)
    #expect(result.status == 1 && result.errors.contains(path) && result.output.isEmpty, "\(result)")
  }

  @Test func `A file that is not there, a folder and a wrong option end with status 1`() throws {
    for path in [folder.path("nowhere.png"), folder.path] {
      let result = try Executable.run("score", truth, path)
      #expect(result.status == 1 && result.errors.contains(path), "\(result)")
    }
    let option = try Executable.run("score", truth, prediction, "--metrics=nonsense")
    #expect(option.status == 1 && option.errors.contains("--metrics: "), "\(option)")
    let tolerance = try Executable.run("score", truth, prediction, "--metrics=surface_dice")
    #expect(tolerance.status == 1 && tolerance.errors.contains("--tolerance: is missing"), "\(tolerance)")
    let other = try folder.write("other.npy", TestMask(random: [3, 3], seed: 1).npy())
    let shapes = try Executable.run("score", truth, other)
    #expect(shapes.status == 1 && shapes.errors.contains("[3, 3]"), "\(shapes)")
  }

  @Test func `Folders are paired by name, and what cannot be scored is told`() throws {
    let (truths, predictions) = (folder.path("true"), folder.path("pred"))
    for path in [truths, predictions] { #expect(mkdir(path, 0o700) == 0) }
    for name in ["a", "b,\"c"] {
      _ = try folder.write("true/\(name).png", TestMask([1, 3], [true, false, false]).png)
      _ = try folder.write("pred/\(name).npy", TestMask([1, 3], [true, true, true]).npy())
    }
    _ = try folder.write("true/cut.npy", Array("junk".utf8))
    _ = try folder.write("pred/cut.npy", TestMask([1, 3], [true, true, true]).npy())
    _ = try folder.write("true/alone.png", TestMask([1, 3], [true, false, false]).png)
    let csv = folder.path("scores.csv")
    let result = try Executable.run(
      "score", truths, predictions, "--metrics=average_hausdorff,dice", "--csv=\(csv)")
    #expect(result.status == 1, "\(result)")
    #expect(
      result.errors.contains("alone.png has no counterpart") && result.errors.contains("cut"), "\(result)")
    #expect(
      result.output.split(separator: "\n").map { $0.prefix { $0 != " " } } == ["item", "a", "b,\"c", "mean"])
    let lines = String(decoding: try readFile(csv), as: UTF8.self).split(separator: "\r\n").map(String.init)
    #expect(lines[0] == "name,average_hausdorff,dice,empty,problem")
    #expect(lines[1] == "a,0.5,0.5,," && lines[2] == #""b,""c",0.5,0.5,,"#, "\(lines)")
    #expect(lines[3] == "alone,,,,\(truths)/alone.png has no counterpart", "\(lines)")
    #expect(lines[4].hasPrefix("cut,,,,") && lines.count == 5, "\(lines)")
    let mixed = try Executable.run("score", truths, "\(predictions)/a.npy")
    #expect(mixed.status == 1 && mixed.errors.contains("is no folder"), "\(mixed)")
  }

  /// Two folders with a pair `name` of these masks each.
  private func folders(_ masks: [(name: String, truth: TestMask, prediction: TestMask)]) throws -> (
    String, String
  ) {
    let paths = (folder.path("truths"), folder.path("predictions"))
    for path in [paths.0, paths.1] { #expect(mkdir(path, 0o700) == 0) }
    for (name, truth, prediction) in masks {
      _ = try folder.write("truths/\(name).npy", truth.npy())
      _ = try folder.write("predictions/\(name).npy", prediction.npy())
    }
    return paths
  }

  private static let full = TestMask([1, 3], [true, true, true])
  private static let empty = TestMask([1, 3], [false, false, false])

  @Test func `What is at fault with a pair of folders names its files, and is in JSON beside its name`()
    throws
  {
    let (truths, predictions) = try folders([
      ("good", Self.full, Self.full), ("hollow", Self.full, Self.empty),
      ("other", Self.full, TestMask(random: [2, 3], seed: 1)),
    ])
    let result = try Executable.run("score", truths, predictions, "--empty=error", "--metrics=dice")
    #expect(result.status == 1 && !result.errors.contains("pair "), "\(result)")
    #expect(result.errors.contains("\(predictions)/hollow.npy: item 0 has no foreground"), "\(result)")
    #expect(result.errors.contains("\(predictions)/other.npy: has shape [2, 3]"), "\(result)")
    #expect(result.output.contains("dice  1.0"), "\(result)")
    let json = try Executable.run("score", truths, predictions, "--empty=error", "--json")
    let items = JSON(json.output)["items"]
    #expect((0..<3).map { items[$0]["name"] } == ["good", "hollow", "other"], "\(json)")
    #expect(json.status == 1 && items[1]["problem"]["status"] == 422)
    for (flag, name) in [("--layout=XY", "--layout"), ("--labels=1,1", "--labels")] {
      let wrong = try Executable.run("score", truths, predictions, flag)
      #expect(wrong.status == 1 && wrong.errors.hasPrefix("hausdorffd: \(name): "), "\(wrong)")
      #expect(wrong.errors.split(separator: "\n").count == 1 && wrong.output.isEmpty, "\(wrong)")
    }
  }

  @Test func `Rows of a batch are told apart by numbers, those of labels by these`() throws {
    let batch = TestMask(random: [2, 3, 4], seed: 5)
    let (truths, predictions) = try folders([("a", batch, batch), ("b", Self.full, Self.full)])
    let csv = folder.path("scores.csv")
    func lines() throws -> [String] {
      String(decoding: try readFile(csv), as: UTF8.self).split(separator: "\r\n").map(String.init)
    }
    let result = try Executable.run("score", truths, predictions, "--metrics=dice", "--csv=\(csv)")
    #expect(result.status == 0, "\(result)")
    #expect(try lines() == ["name,item,dice,empty,problem", "a,0,1.0,,", "a,1,1.0,,", "b,0,1.0,,"])
    #expect(
      result.output.split(separator: "\n").map { $0.prefix { $0 != " " } } == [
        "item", "a[0]", "a[1]", "b[0]", "mean",
      ])
    let labels = ["--labels=3,4", "--empty=zero", "--layout=DHW", "--metrics=dice", "--csv=\(csv)"]
    let volume = "\(truths)/a.npy"
    #expect(try ChildProcess(Executable.path, ["score", volume, volume] + labels).wait() == 0)
    #expect(
      try lines() == ["name,label,dice,empty,problem", "\(volume),3,1.0,,", "\(volume),4,1.0,both,"])
  }

  @Test func `Tiny distances are told with their digits`() throws {
    let result = try Executable.run("score", truth, prediction, "--metrics=hausdorff", "--spacing=1e-9,1e-9")
    #expect(result.status == 0 && result.output.contains("e-09"), "\(result)")
  }

  @Test func `Files with other endings are told once`() throws {
    let (truths, predictions) = try folders([("a", Self.full, Self.full)])
    _ = try folder.write("truths/a.txt", [1])
    _ = try folder.write("truths/.hidden", [1])
    _ = try folder.write("predictions/notes.md", [1])
    let result = try Executable.run("score", truths, predictions)
    #expect(result.status == 0, "\(result)")
    #expect(
      result.errors.contains("\(predictions)/notes.md and 1 more"), "\(result)")
    #expect(result.errors.split(separator: "\n").count == 1, "\(result)")
  }

  @Test func `Conventions stand beside each other, labels below`() throws {
    let all = try Executable.run("score", truth, prediction, "--convention=all", "--metrics=hausdorff_95")
    #expect(all.status == 0, "\(all)")
    for name in ["modified", "monai", "medpy", "metrics-reloaded", "surface-distance"] {
      #expect(all.output.contains("hausdorff_95 (\(name))"), "\(all)")
    }
    let lacking = try Executable.run("score", truth, prediction, "--convention=itk", "--metrics=dice")
    #expect(lacking.status == 1 && lacking.errors.contains("convention itk"), "\(lacking)")
    let labels = try Executable.run(
      "score", truth, truth, "--labels=1,2,255", "--empty=zero", "--metrics=dice")
    let rows = labels.output.split(separator: "\n").map { $0.split(separator: " ").map(String.init) }
    #expect(
      rows.prefix(4).map { $0.prefix(3) } == [
        ["item", "label", "dice"], ["0", "1", "1.0"], ["1", "2", "1.0"], ["2", "255", "1.0"],
      ])
    #expect(labels.status == 0 && labels.errors.contains("2 of 3 items have an empty mask"), "\(labels)")
  }
}
