import Glibc
import Hausdorff
import Testing

/// `hausdorffd train` and `hausdorffd predict`, as processes.
struct TrainCommandTests {
  private let folder: TemporaryFolder
  private static let small = ["--levels=2", "--base-channels=4", "--epochs=6", "--threads=2"]
  private static let data = "synthetic:samples=20,size=32,noise=0.1,distractors=0,seed=3"

  init() throws { folder = try TemporaryFolder() }

  private func train(_ arguments: [String], out: String = "run", data: String? = Self.data) throws
    -> ChildProcess
  {
    let source = data.map { ["--data=\($0)"] } ?? []
    return try ChildProcess(
      Executable.path, ["train", "--out=\(folder.path(out))"] + source + arguments)
  }

  private func words(_ arguments: [String], out: String = "run", data: String? = Self.data) throws -> String {
    let process = try train(arguments, out: out, data: data)
    let status = try process.wait()
    #expect(status != 0, "\(arguments)")
    return process.errors
  }

  @Test func `From an npz file to a model in onnxruntime, and masks out of it`() throws {
    let text = try Python.run("Tests/hausdorffdTests/Python/train.py", [Executable.path])
    #expect(text.contains("\n0 differences"), "\(text)")
  }

  @Test func `The synthetic set is learnt to a Dice over 0.9`() throws {
    let process = try train(
      ["--epochs=10", "--losses=dice_loss,bce,hausdorff_dt:balanced", "--json"],
      data: "synthetic:samples=200,size=64,noise=0.2,distractors=1,seed=1")
    #expect(try process.wait(within: 600) == 0, "\(process.errors)")
    let best = process.outputText.split(separator: "\n").map { JSON(String($0)) }
      .compactMap { $0["val_dice"].number }.max()
    #expect(best ?? 0 > 0.9)
  }

  @Test func `What it prints is for people, a line an epoch and a table`() throws {
    let process = try train(Self.small + ["--early-stopping=3"])
    #expect(try process.wait() == 0, "\(process.errors)")
    let lines = process.outputText.split(separator: "\n")
    #expect(lines[0].hasPrefix("U-Net of 2 levels and 4 base channels: "))
    #expect(lines[1] == "16 samples to train on, 4 to validate on, of 32×32")
    #expect((3...6).contains(lines.count { $0.hasPrefix("epoch ") }))
    for name in ["best epoch", "average_hausdorff", "hausdorff_95", "dice", "misses", "model", "as ONNX"] {
      #expect(lines.contains { $0.hasPrefix(name) }, "\(name)")
    }
    #expect(try namesInFolder(folder.path("run")) == ["best.onnx", "best.safetensors", "last.safetensors"])
  }

  @Test(.disabled(if: Executable.isSanitized))
  func `Steps take no more memory from the system once all are known`() throws {
    func pageFaults(epochs: Int) throws -> Int {
      let process = try train(
        ["--levels=2", "--threads=2", "--batch-size=4", "--epochs=\(epochs)"], out: "run-\(epochs)",
        data: "synthetic:samples=20,size=128,seed=1")
      #expect(try process.wait() == 0, "\(process.errors)")
      return process.pageFaults
    }
    // Of four steps and a validation each.
    let more = try pageFaults(epochs: 44) - pageFaults(epochs: 4)
    // One buffer of a loss, allocated anew, would touch 16 pages an image.
    #expect(more < 40 * 4, "\(more) pages in 160 steps")
  }

  @Test func `SIGINT saves the run, and it is resumed to the same model`() throws {
    let long = Self.small.filter { !$0.hasPrefix("--epochs") } + ["--epochs=60"]
    let whole = try train(long, out: "whole")
    #expect(try whole.wait() == 0)
    let process = try train(long + ["--json"])
    #expect(eventually { process.outputText.contains(#""epoch":2"#) })
    process.send(SIGINT)
    #expect(try process.wait() == 130, "\(process.errors)")
    #expect(process.outputText.contains(#""outcome":"interrupted""#))
    let resumed = try train(["--resume"], data: nil)
    #expect(try resumed.wait() == 0, "\(resumed.errors)")
    #expect(folder.read("run/best.safetensors") == folder.read("whole/best.safetensors"))
    #expect(folder.read("run/best.onnx") == folder.read("whole/best.onnx"))
  }

  @Test func `Killed at any moment, it is resumed to the same model`() throws {
    let arguments = Self.small
    #expect(try train(arguments, out: "whole").wait() == 0)
    var random = SystemRandomNumberGenerator()
    var process = try train(arguments)
    var kills = 0
    while kills < 12 {
      usleep(UInt32.random(in: 20_000...400_000, using: &random))
      process.send(SIGKILL)
      if try process.wait() == 0 { break }
      kills += 1
      // Before its first checkpoint there is nothing to go on from.
      let hasCheckpoint = access(folder.path("run/last.safetensors"), F_OK) == 0
      process = try hasCheckpoint ? train(["--resume"], data: nil) : train(arguments)
    }
    #expect(try process.wait() == 0, "\(process.errors)")
    #expect(folder.read("run/best.safetensors") == folder.read("whole/best.safetensors"), "\(kills) kills")
    let left = try namesInFolder(folder.path("run"))
    #expect(left == ["best.onnx", "best.safetensors", "last.safetensors"], "\(left)")
  }

  /// Whether this process may mount a file system: as root, but not in every container.
  static let mayMount: Bool = {
    guard let folder = try? TemporaryFolder(), mount("tmpfs", folder.path, "tmpfs", 0, "size=1m") == 0 else {
      return false
    }
    return umount2(folder.path, Int32(MNT_DETACH)) == 0
  }()

  @Test(.enabled(if: mayMount))
  func `A full disk ends it with the reason, and the checkpoint before survives`() throws {
    let disk = folder.path("disk")
    #expect(mkdir(disk, 0o700) == 0)
    #expect(mount("tmpfs", disk, "tmpfs", 0, "size=6m") == 0)
    defer { umount2(disk, Int32(MNT_DETACH)) }
    let first = try train(Self.small, out: "disk/run")
    #expect(try first.wait() == 0, "\(first.errors)")
    let before = folder.read("disk/run/last.safetensors")
    var space = statvfs()
    #expect(statvfs(disk, &space) == 0)
    // Room for the samples, but not for another checkpoint.
    let free = Int(space.f_bavail) * Int(space.f_frsize)
    try folder.write("disk/filler", [UInt8](repeating: 1, count: free - 80_000))
    let error = try words(["--resume", "--epochs=9"], out: "disk/run", data: nil)
    #expect(error.contains("No space left on device"), "\(error)")
    #expect(folder.read("disk/run/last.safetensors") == before)
    Glibc.remove("\(disk)/filler")
    let again = try train(["--resume", "--epochs=9"], out: "disk/run", data: nil)
    #expect(try again.wait() == 0, "\(again.errors)")
  }

  @Test(arguments: [
    ("--losses=hausdorf", "--losses: 'hausdorf' is not a loss"), ("--losses=dice-loss", "dice_loss, bce"),
    ("--losses=dice_loss:0", "weights are all 0"), ("--losses=dice", "dice has no gradient"),
    ("--losses=bce,hausdorff_dt:balanced", "needs dice_loss"),
    ("--losses=dice_loss,dice_loss", "given twice"),
    (#"--losses=[{"name":"boundary","ramp":{"from":1}}]"#, "'epochs'"),
    ("--epochs=0", "--epochs: must be a whole number from 1"), ("--epochs=2.5", "--epochs"),
    ("--batch-size=many", "--batch-size"), ("--learning-rate=0", "--learning-rate"),
    ("--levels=6", "too small for 6 levels"), ("--base-channels=0", "--base-channels"),
    ("--optimizer=lion", "'lion' is not one of sgd, adam, adamw"), ("--precision=int8", "--precision"),
    ("--input-size=16,16,16", "--input-size"), ("--fit=resize", "resize needs input_size"),
    ("--clip-percentiles=99,1", "--clip-percentiles"), ("--scale=1", "--scale"),
    ("--degrees=-1", "--degrees"),
    ("--validation-fraction=1", "--validation-fraction"), ("--threads=0", "--threads"),
    ("--dropout=1", "--dropout"), ("--flip=maybe", "--flip"), ("--seed=-1", "--seed"),
    ("--data=synthetic:samples=1", "one sample only"), ("--data=synthetic:empty=1", "any foreground"),
    ("--data=synthetic:classes=3,size=32", ""),
    ("--classes=2 --data=synthetic:classes=3,size=32", "has label"),
    ("--data=synthetic:colour=red", "colour"),
    ("--data=nowhere.npz", "nowhere.npz: No such file or directory"),
    ("--validation-data=nowhere", "nowhere: No such file or directory"),
    ("--init-from=nowhere.safetensors", "nowhere.safetensors"),
  ])
  func `What cannot be trained is refused in words`(_ argument: String, _ expected: String) throws {
    let isData = argument.contains("--data=")
    let arguments =
      Self.small.filter { !$0.hasPrefix(argument.prefix { $0 != "=" } + "=") }
      + argument.split(separator: " ").map(String.init)
    // Several labels with one class are one foreground.
    guard !expected.isEmpty else {
      let process = try train(arguments, data: nil)
      #expect(try process.wait() == 0)
      #expect(process.errors.contains("--classes 4 tells them apart"))
      return
    }
    let error = try words(arguments, data: isData ? nil : Self.data)
    #expect(error.contains(expected), "\(error)")
    #expect(try namesInFolder(folder.path("run")) == [])
  }

  @Test(.enabled(if: !Executable.isSanitized))
  func `A set larger than the memory that the process may have trains`() throws {
    // 256² pixels of 2 bytes with a label of one byte: 393 MB.
    let process = try ChildProcess(
      "/usr/bin/prlimit",
      [
        "--data=\(260 << 20)", Executable.path, "train", "--out=\(folder.path("run"))",
        "--data=synthetic:samples=2000,size=256", "--input-size=64", "--levels=2", "--base-channels=4",
        "--epochs=1", "--validation-fraction=0.01", "--threads=2",
      ])
    #expect(try process.wait(within: 300) == 0, "\(process.errors)")
  }

  @Test func `Broken data are named, and nothing is left`() throws {
    let mask = TestMask(random: [32, 32], seed: 1)
    for name in ["images", "masks"] {
      #expect(mkdir(folder.path(name), 0o700) == 0)
      for index in 0..<3 { try folder.write("\(name)/\(index).png", mask.png) }
    }
    try folder.write("images/3.npy", mask.npy(.float32))
    #expect(try words(Self.small, data: folder.path).contains("3"), "an image without its mask")
    try folder.write("masks/3.png", TestMask(random: [8, 32], seed: 1).png)
    #expect(try words(Self.small, data: folder.path).contains("height and width"))
    try folder.write("masks/3.png", Array(mask.png.dropLast(20)))
    #expect(try words(Self.small, data: folder.path).contains("masks/3.png"))
    try folder.write("masks/\u{1B}[31m.png", mask.png)
    let error = try words(Self.small, data: folder.path)
    #expect(error.contains("[31m") && !error.contains("\u{1B}"), "\(error)")
    Glibc.remove(folder.path("masks/\u{1B}[31m.png"))
    let zip = try folder.write("set.npz", Array("PK\u{3}\u{4} and nothing else".utf8))
    #expect(try words(Self.small, data: zip).contains("set.npz"))
    #expect(try namesInFolder(folder.path("run")) == [])
    try folder.write("masks/3.png", mask.png)
    let process = try train(Self.small, data: folder.path)
    #expect(try process.wait() == 0, "\(process.errors)")
  }

  @Test func `A run is not written over, and resumed with its own options only`() throws {
    #expect(try words(["--resume"], data: nil).contains("holds no run to resume"))
    let first = try train(Self.small + ["--seed=5"])
    #expect(try first.wait() == 0)
    #expect(try words(Self.small).contains("holds a run already"))
    #expect(try words(["--resume", "--seed=6"], data: nil).contains("--seed cannot change"))
    #expect(
      try words(["--resume"], data: "synthetic:samples=20,size=32,seed=4").contains("data are not those"))
    let more = try train(["--resume", "--epochs=8"], data: nil)
    #expect(try more.wait() == 0, "\(more.errors)")
    #expect(more.outputText.contains("epoch 8/8"))
    let path = folder.path("run/last.safetensors")
    let bytes = folder.read("run/last.safetensors")
    try folder.write("run/last.safetensors", Array(bytes.prefix(bytes.count / 2)))
    #expect(try words(["--resume"], data: nil).contains(path))
    let onward = try train(
      ["--epochs=1", "--init-from=\(folder.path("run/best.safetensors"))"], out: "onward")
    #expect(try onward.wait() == 0, "\(onward.errors)")
    #expect(onward.outputText.hasPrefix("U-Net of 2 levels and 4 base channels"))
  }

  @Test func `Two processes do not train in one folder`() throws {
    let first = try train(["--epochs=100000", "--json"])
    #expect(eventually { first.outputText.contains(#""event":"start""#) })
    #expect(try words(Self.small).contains("another process trains there"))
    first.send(SIGTERM)
    #expect(try first.wait() == 143)
  }

  @Test func `Images that cannot be predicted are named`() throws {
    #expect(try train(Self.small).wait() == 0)
    let model = folder.path("run/best.safetensors")
    let image = try folder.write("image.npy", TestMask(random: [20, 21], seed: 1).npy(.float32))
    let colour = try folder.write("colour.npy", TestMask(random: [20, 21, 3], seed: 1).npy())
    let broken = try folder.write(
      "broken.npy",
      TestMask.npy(
        descr: "'<f4'", shape: "(3, 4)",
        data: (0..<12).flatMap { value in
          withUnsafeBytes(of: value == 6 ? Float.nan : Float(value)) { Array($0) }
        }))
    let output = folder.path("mask.png")
    #expect(try Executable.run("predict", "--model", model, image, "-o", output).status == 0)
    #expect(folder.read("mask.png").starts(with: [0x89, 0x50, 0x4E, 0x47]))
    for (arguments, words) in [
      (
        ["--model", model, colour, "-o", output],
        "has shape [20, 21, 3], but the model takes images of 1 channel"
      ),
      (["--model", image, image, "-o", output], "image.npy"),
      (["--model", model, folder.path("no.png"), "-o", output], "no.png: No such file"),
      (["--model", model, image, "-o", folder.path("mask.jpg")], "must end in .png"),
      (["--model", model, image, "-o", folder.path("no/mask.png")], "no/mask.png: No such file"),
      (["--model", model, image, "-o", output, "--threshold", "1"], "--threshold"),
      (["--model", model, broken, "-o", output], "broken.npy: the value at row 1, column 2 is not finite"),
      (["--model", model, folder.path("mask.png"), "-o", output], "would take the place of the image"),
      (
        ["--model", model, image, folder.path("other/image.png"), "-o", folder.path("out")],
        "would both become"
      ),
    ] {
      let process = try ChildProcess(Executable.path, ["predict"] + arguments)
      #expect(try process.wait() != 0)
      #expect(process.errors.contains(words), "\(process.errors)")
    }
  }
}
