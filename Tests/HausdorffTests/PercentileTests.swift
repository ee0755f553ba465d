import Testing

@testable import Hausdorff

@Suite struct PercentileTests {
  @Test func `values of many sizes and shapes agree with sorting`() {
    var random = SeededGenerator(state: 3)
    for round in 0..<300 {
      let count = Int.random(in: 1...(round % 3 == 0 ? 5000 : 40), using: &random)
      let zeros = Int.random(in: 0...20, using: &random)
      let values = (0..<count).map { _ -> Double in
        switch round % 4 {
        case 0: Double.random(in: 1...2, using: &random)
        case 1: Double(Int.random(in: 1...50, using: &random)).squareRoot()
        case 2: Double(sign: .plus, exponent: .random(in: -900...900, using: &random), significand: 1.5)
        default: 7
        }
      }
      let sorted = [Double](repeating: 0, count: zeros) + values.sorted()
      var distribution = Distribution(values: values, zeros: zeros)
      for percent in [0, 1, 25, 50, 95, 97.5, 99.9, 100] {
        let rank = percent / 100 * Double(sorted.count - 1)
        let (low, high) = (sorted[Int(rank)], sorted[min(Int(rank) + 1, sorted.count - 1)])
        let expected = low + (high - low) * (rank - rank.rounded(.down))
        #expect(agree(percentile(percent, of: &distribution), expected))
      }
    }
  }

  @Test func `zeros alone have percentile zero`() {
    var zeros = Distribution(values: [], zeros: 3)
    #expect(percentile(95, of: &zeros) == 0)
  }
}
