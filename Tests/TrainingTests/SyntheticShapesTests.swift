import Testing

@testable import Training

@Suite struct SyntheticShapesTests {
  private let folder = try! ScratchFolder()

  private func drawing(_ text: String) throws(DataSetError) -> DataSet {
    try DataSet.drawing(try SyntheticShapes(text: text), scratch: folder.path)
  }

  @Test func `a text names options, and what it does not name stays as it is`() throws {
    var expected = SyntheticShapes()
    #expect(try SyntheticShapes(text: "synthetic") == expected)
    #expect(try SyntheticShapes(text: "synthetic:") == expected)
    expected.samples = 7
    (expected.height, expected.width) = (48, 32)
    (expected.noise, expected.blur, expected.distractors, expected.classes) = (0.4, 0, 3, 2)
    (expected.emptyShare, expected.seed) = (0.25, .max)
    let text =
      "synthetic:size=48x32,samples=7,noise=0.4,blur=0,distractors=3,classes=2,empty=0.25,seed=18446744073709551615"
    #expect(try SyntheticShapes(text: text) == expected)
    #expect(try SyntheticShapes(text: "synthetic:size=96").width == 96)
  }

  @Test(arguments: [
    ("shapes:samples=1", "does not begin"), ("synthetic:samples", "'samples' is not of the form name=value"),
    ("synthetic:samples=1,", "'' is not of the form"), ("synthetic:,", "'' is not of the form"),
    ("synthetic:sample=1", "no option 'sample'; there are samples,"),
    ("synthetic:seed=1,seed=2", "seed is given twice"),
    ("synthetic:samples=many", "samples must be a whole number, not 'many'"),
    ("synthetic:samples=0", "samples must be from 1 to 100000, and is 0"),
    ("synthetic:samples=100001", "samples must be from"),
    ("synthetic:size=8", "size's height must be from 16"),
    ("synthetic:size=64x", "size must be one whole number, or two"),
    ("synthetic:size=64x64x1", "size must be"),
    ("synthetic:size=16x5000", "size's width"),
    ("synthetic:noise=-1", "noise must be from 0.0 to 4.0, and is -1.0"),
    ("synthetic:noise=nan", "noise must be from"), ("synthetic:noise=", "noise must be a number"),
    ("synthetic:blur=17", "blur must be"), ("synthetic:distractors=65", "distractors must be"),
    ("synthetic:classes=0", "classes must be"), ("synthetic:empty=1.5", "empty must be"),
    ("synthetic:seed=-1", "seed must be"),
  ])
  func `a text that is wrong is refused with what is wrong`(_ text: String, _ words: String) throws {
    let error = try #require(failure { () throws(DataSetError) in try SyntheticShapes(text: text) })
    #expect(error.kind == .invalid && error.detail.contains(words), "\(error)")
  }

  @Test func `options that a program sets are checked too`() {
    var shapes = SyntheticShapes()
    shapes.blur = .infinity
    #expect(
      failure { () throws(DataSetError) in try DataSet.drawing(shapes, scratch: folder.path) }?.kind
        == .invalid)
  }

  @Test func `one seed gives one set, on this and every other machine`() throws {
    let digest = try drawing("synthetic:samples=20,size=24x32,seed=3").digest
    #expect(try drawing("synthetic:samples=20,size=24x32,seed=3").digest == digest)
    #expect(try drawing("synthetic:samples=20,size=24x32,seed=4").digest != digest)
    #expect(digest == "37d4fb8e75c201d49461a122a01f1e08791b2f6b94389cfcc20f7d0fa0890667")
  }

  @Test func `a larger set begins with the smaller one`() throws {
    let small = try drawing("synthetic:samples=3,size=32")
    let large = try drawing("synthetic:samples=6,size=32")
    for index in 0..<3 {
      #expect(small.image(index) == large.image(index))
      #expect(small.labels(index) == large.labels(index))
    }
    #expect(large.image(4) != large.image(5))
  }

  @Test(arguments: [
    "synthetic:samples=300,size=16,distractors=8", "synthetic:samples=300,size=16x80,classes=2",
    "synthetic:samples=50,size=65x31,distractors=64,noise=4,blur=16",
  ])
  func `every sample has foreground, of any size and with anything else in it`(_ text: String) throws {
    let set = try drawing(text)
    for index in 0..<set.count {
      #expect(set.labels(index).contains(1))
      #expect(set.foregroundCount(of: index) < set.labels(index).count * 2 / 3)
      #expect(set.image(index).allSatisfy { $0.isFinite })
    }
  }

  @Test func `as many samples as asked for are empty`() throws {
    let set = try drawing("synthetic:samples=400,size=16,empty=0.25")
    let empty = (0..<400).count { set.foregroundCount(of: $0) == 0 }
    #expect((70...130).contains(empty))
    #expect(try !drawing("synthetic:samples=5,size=16,empty=1").hasForeground)
  }

  @Test func `each class is a connected shape of its own`() throws {
    let set = try drawing("synthetic:samples=40,size=128,classes=3,distractors=0")
    #expect(set.largestLabel == 3)
    for index in 0..<set.count {
      let labels = set.labels(index)
      for label in 1...3 as ClosedRange<UInt8> {
        let pixels = labels.indices.filter { labels[$0] == label }
        #expect(reached(from: pixels[0], in: labels, width: 128) == pixels.count)
      }
    }
  }

  /// Number of pixels with the same label that can be walked to.
  private func reached(from start: Int, in labels: [UInt8], width: Int) -> Int {
    var seen: Set = [start]
    var ways = [start]
    while let pixel = ways.popLast() {
      for next in [pixel - 1, pixel + 1, pixel - width, pixel + width]
      where labels.indices.contains(next) && labels[next] == labels[start] && seen.insert(next).inserted {
        ways.append(next)
      }
    }
    return seen.count
  }

  @Test func `distractors are as bright as organs from afar, not in the mask, and change nothing of it`()
    throws
  {
    let alone = try drawing("synthetic:samples=30,size=64,noise=0,blur=0,distractors=0")
    let crowded = try drawing("synthetic:samples=30,size=64,noise=0,blur=0,distractors=3")
    for index in 0..<30 {
      let labels = crowded.labels(index)
      #expect(labels == alone.labels(index))
      let image = crowded.image(index)
      let bright = labels.indices.filter { image[$0] > 550 && labels[$0] == 0 }.count
      #expect(bright > 20, "sample \(index)")
    }
  }

  @Test func `organs are brighter than what is around them`() throws {
    let set = try drawing("synthetic:samples=20,size=64,noise=0,distractors=0")
    for index in 0..<set.count {
      let (image, labels) = (set.image(index), set.labels(index))
      func mean(_ label: UInt8) -> Float {
        let values = labels.indices.filter { labels[$0] == label }.map { image[$0] }
        return values.reduce(0, +) / Float(values.count)
      }
      #expect(mean(1) > mean(0) + 250)
    }
  }

  @Test func `a blur keeps the sum, spreads by its standard deviation and leaves constants alone`() {
    var image = [Double](repeating: 0, count: 41 * 41)
    image[20 * 41 + 20] = 1
    GaussianBlur(deviation: 2).apply(to: &image, width: 41)
    var (sum, variance) = (0.0, 0.0)
    for (at, value) in image.enumerated() {
      sum += value
      variance += value * Double((at % 41 - 20) * (at % 41 - 20))
    }
    #expect(abs(sum - 1) < 1e-12)
    #expect(abs(variance.squareRoot() - 2) < 0.05)
    var constant = [Double](repeating: 3, count: 12)
    GaussianBlur(deviation: 5).apply(to: &constant, width: 4)
    #expect(constant.allSatisfy { abs($0 - 3) < 1e-12 })
  }

  @Test func `nothing is left in the scratch folder`() throws {
    let set = try drawing("synthetic:samples=3,size=16")
    #expect(try folder.names == [])
    #expect(set.count == 3)
    let kept = try DataSet.drawing(
      SyntheticShapes(text: "synthetic:samples=3,size=16"), keptAs: "\(folder.path)/set")
    #expect(kept.digest == set.digest)
    #expect(try folder.names == ["set"])
  }
}
