// Times the average Hausdorff of a pair of masks, from uint8 bytes to the value, for a driver at the other end of a pipe.
//
//   pair 256,256    and 2 × 256 × 256 bytes behind the line: the masks to time from now on
//   time 100        scores them so often; answers the value and the seconds of CPU time that it took
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

  func score() throws -> Double {
    let truth = try Mask(shape: shape, elements: truth.span.bytes, type: .uint8)
    let prediction = try Mask(shape: shape, elements: prediction.span.bytes, type: .uint8)
    let options = ScoreOptions(spacing: shape.map { _ in 1 })
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
while let line = readLine() {
  let words = line.split(separator: " ")
  precondition(words.count == 2, "not a command: \(line)")
  if words[0] == "pair" {
    pair = Pair(shape: words[1].split(separator: ",").compactMap { Int($0) })
  } else if let pair, let count = Int(words[1]) {
    var value = 0.0
    let start = cpuSeconds()
    for _ in 0..<count { value = try pair.score() }
    print(value, cpuSeconds() - start)
    fflush(nil)
  }
}
