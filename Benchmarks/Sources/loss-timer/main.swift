// Times losses with their gradients on all cores that it is let run on, for a driver at the other end of a pipe.
//
//   batch 8,256,256          and so many bytes of truth and float32 values of prediction behind the line: what to time
//   time hausdorff_dt 100    evaluates that loss so often; answers its value and the seconds of each evaluation
@preconcurrency import Glibc
import Hausdorff

struct Batch {
  let shape: [Int]
  let truth: [UInt8]
  let prediction: [Float]

  /// Takes the arrays from standard input.
  init(shape: [Int]) {
    func read<Value>(_: Value.Type, _ count: Int) -> [Value] {
      [Value](unsafeUninitializedCapacity: count) { buffer, initialized in
        initialized = fread(buffer.baseAddress, MemoryLayout<Value>.size, count, stdin)
        precondition(initialized == count, "the arrays end too early")
      }
    }
    self.shape = shape
    let count = shape.reduce(1, *)
    (truth, prediction) = (read(UInt8.self, count), read(Float.self, count))
  }

  /// From bytes to the value and the gradient.
  func loss(_ kind: LossTerm.Kind, gradient: inout MutableSpan<Float>) throws -> Double {
    let space = Array(shape.dropFirst())
    let points = space.reduce(1, *)
    let masks = try (0..<shape[0]).map { item in
      try Mask(
        shape: space, elements: truth.span.extracting(item * points..<(item + 1) * points).bytes, type: .uint8
      )
    }
    let function = LossFunction(terms: [LossTerm(kind)], spacing: space.map { _ in 1 })
    let value = try function.evaluate(
      truth: masks, prediction: prediction.span, channels: 1, gradient: &gradient)
    return value.loss ?? .nan
  }
}

let kinds: [Substring: LossTerm.Kind] = [
  "hausdorff_dt": .hausdorffDistanceTransform(), "hausdorff_er": .hausdorffErosion(),
  "soft_average_hausdorff": .softAverageHausdorff,
]

/// Seconds since some moment.
func now() -> Double {
  var time = timespec()
  clock_gettime(CLOCK_MONOTONIC, &time)
  return Double(time.tv_sec) + 1e-9 * Double(time.tv_nsec)
}

var batch: Batch?
while let line = readLine() {
  let words = line.split(separator: " ")
  if words.count == 2, words[0] == "batch" {
    batch = Batch(shape: words[1].split(separator: ",").compactMap { Int($0) })
  } else if words.count == 3, words[0] == "time", let kind = kinds[words[1]], let count = Int(words[2]) {
    var value = 0.0
    var gradient = [Float](repeating: 0, count: batch?.prediction.count ?? 0)
    var slopes = gradient.mutableSpan
    let start = now()
    for _ in 0..<count { value = try batch?.loss(kind, gradient: &slopes) ?? .nan }
    print(value, (now() - start) / Double(count))
    fflush(nil)
  } else {
    preconditionFailure("not a command: \(line)")
  }
}
