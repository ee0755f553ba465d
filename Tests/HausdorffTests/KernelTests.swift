import CKernels
import Testing

@testable import Hausdorff

/// Every instruction set against the portable one, on grids larger than the oracle can take.
@Suite struct KernelTests {
  static let variants = [ck_avx2, ck_avx512].filter { $0.rawValue <= ck_best_variant().rawValue }

  static func measure(
    _ variant: ck_variant, _ grid: ck_grid, _ targets: Mask, _ points: Mask
  ) -> (ck_directed, [Double]) {
    var (grid, survey, result) = (grid, ck_survey(), ck_directed())
    #expect(ck_look(variant, &grid, targets.words, points.words, &survey))
    var values = [Double](repeating: -1, count: Int(survey.in_second - survey.in_both))
    #expect(ck_measure(variant, &grid, &survey, false, targets.words, points.words, &result, &values))
    return (result, values.sorted())
  }

  @Test(arguments: [ck_euclidean, ck_manhattan, ck_chebyshev], [[1, 1, 1], [1.5, 1, 0.25]])
  func `every variant measures what the portable one does`(distance: ck_distance, spacing: [Double]) {
    var random = SeededGenerator(state: 9)
    let shapes = [[300, 500], [1, 900], [900, 40], [40, 60, 130], [120, 90, 7]]
    for shape in shapes {
      for (targetDensity, queryDensity) in [(0.00005, 0.9), (0.001, 0.001), (0.5, 0.5), (0.02, 0.3)] {
        var targets = Mask.noise(shape, density: targetDensity, using: &random)
        targets[targets.rows / 2, 0] = true
        let queries = Mask.noise(shape, density: queryDensity, using: &random)
        let grid = ck_grid(
          planes: Int64(shape[0]), rows: shape.count == 3 ? Int64(shape[1]) : 1,
          columns: Int64(targets.columns),
          spacing: (spacing[0], spacing[1], spacing[2]), distance: distance)
        let (expected, expectedValues) = Self.measure(ck_portable, grid, targets, queries)
        #expect(agree(expectedValues.reduce(0, +), expected.sum))
        #expect(agree(expectedValues.last ?? 0, expected.maximum))
        for variant in Self.variants {
          let (result, values) = Self.measure(variant, grid, targets, queries)
          #expect(agree(result.sum, expected.sum) && result.maximum == expected.maximum)
          let agrees =
            values.count == expectedValues.count && zip(values, expectedValues).allSatisfy(agree)
          #expect(agrees, "\(shape) \(targetDensity) \(queryDensity) variant \(variant.rawValue)")
        }
      }
    }
  }

  @Test func `every variant packs and surveys as the portable one does`() {
    var random = SeededGenerator(state: 10)
    let floats = (0..<(37 * 131)).map { _ in Float.random(in: 0...1, using: &random) }
    func pack(_ variant: ck_variant) -> [UInt64] {
      var words = [UInt64](repeating: 0, count: 37 * 3)
      #expect(ck_pack(variant, floats, ck_float32, 37, 131, 0, 0.5, &words) == -1)
      return words
    }
    let expected = pack(ck_portable)
    for variant in Self.variants { #expect(pack(variant) == expected) }
    let other = expected.map { $0 ^ random.next() }
    var grid = ck_grid(planes: 37, rows: 1, columns: 131, spacing: (1, 1, 1), distance: ck_euclidean)
    func look(_ variant: ck_variant) -> [Int64] {
      var survey = ck_survey()
      #expect(ck_look(variant, &grid, expected, other, &survey))
      return [survey.in_first, survey.in_second, survey.in_both, survey.columns.first, survey.columns.last]
    }
    for variant in Self.variants { #expect(look(variant) == look(ck_portable)) }
  }
}
