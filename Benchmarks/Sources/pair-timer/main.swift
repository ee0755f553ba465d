// Times the scores of a pair of masks, from uint8 bytes to the values, for a driver at the other end of a pipe.
//
//   pair 256,256                 and 2 × 256 × 256 bytes behind the line: the masks to time from now on
//   metrics monai:hausdorff_95   what to compute from now on, conventions and names; average_hausdorff at first
//   time 100                     scores them so often; answers the first value and the seconds of CPU time that it took
@preconcurrency import Glibc
import Hausdorff

struct Pair {
  let shape: [Int]
  let truth, prediction: [UInt8]

  /// Takes the masks from standard input.
  init(shape: [Int]) {
    self.shape = shape
    let count = shape.reduce(1, *)
    func readMask() -> [UInt8] {
      [UInt8](unsafeUninitializedCapacity: count) { buffer, initialized in
        initialized = fread(buffer.baseAddress, 1, count, stdin)
        precondition(initialized == count, "the masks end too early")
      }
    }
    (truth, prediction) = (readMask(), readMask())
  }

  func score(_ metrics: [Metric]) throws -> Double {
    let truth = try Mask(shape: shape, elements: truth.span.bytes, type: .uint8)
    let prediction = try Mask(shape: shape, elements: prediction.span.bytes, type: .uint8)
    let options = ScoreOptions(metrics: metrics, spacing: shape.map { _ in 1 })
    return try Score(truth: truth, prediction: prediction, options: options).values[0] ?? .nan
  }
}

/// Seconds of CPU time that this process has used.
func cpuSeconds() -> Double {
  var time = timespec()
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
  return Double(time.tv_sec) + 1e-9 * Double(time.tv_nsec)
}

var pair: Pair?
var metrics = [Metric.averageHausdorff]
while let line = readLine() {
  let words = line.split(separator: " ")
  precondition(words.count == 2, "not a command: \(line)")
  if words[0] == "pair" {
    pair = Pair(shape: words[1].split(separator: ",").compactMap { Int($0) })
  } else if words[0] == "metrics" {
    metrics = words[1].split(separator: ",").map { text in
      let parts = text.split(separator: ":").map(String.init)
      return Metric(name: parts[1], convention: Convention(rawValue: parts[0])!)!
    }
  } else if let pair, let count = Int(words[1]) {
    var value = 0.0
    let start = cpuSeconds()
    for _ in 0..<count { value = try pair.score(metrics) }
    print(value, cpuSeconds() - start)
    fflush(nil)
  }
}
