import Testing

@testable import Hausdorff

@Suite struct ReductionTests {
  @Test func `mean and sum leave out what was skipped`() {
    #expect(Reduction.mean([1, nil, 5]) == 3)
    #expect(Reduction.sum([1, nil, 5]) == 6)
    #expect(Reduction.none([1, nil, 5]) == nil)
  }

  @Test(arguments: [Reduction.mean, .sum])
  func `nothing left is NaN`(reduction: Reduction) {
    #expect(reduction([nil, nil])?.isNaN == true)
  }

  @Test func `an infinite item makes the mean infinite`() {
    #expect(Reduction.mean([1, .infinity]) == .infinity)
  }
}
