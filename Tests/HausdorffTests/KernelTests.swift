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
    targets.words.withUnsafeBufferPointer { targets in
      points.words.withUnsafeBufferPointer { points in
        let all = ck_begin(variant, &grid, &survey, false, targets.baseAddress, points.baseAddress)!
        defer { ck_end(all) }
        for part in 0..<ck_parts(all) { ck_sweep(all, part, true) }
        for part in 0..<ck_parts(all) { ck_solve(all, part, &values, nil) }
        #expect(ck_result(all, &result))
      }
    }
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

  @Test(arguments: [ck_euclidean, ck_manhattan, ck_chebyshev], [[1, 1, 1], [1.5, 1, 0.25]])
  func `a map holds the distances that are measured, at their points`(
    distance: ck_distance, spacing: [Double]
  ) {
    var random = SeededGenerator(state: 11)
    for shape in [[300, 500], [1, 900], [400, 40], [30, 40, 130], [60, 90, 7]] {
      for density in [0.0001, 0.01, 0.5] {
        var targets = Mask.noise(shape, density: density, using: &random)
        targets[targets.rows / 2, 0] = true
        let points = targets.complement
        var grid = ck_grid(
          planes: Int64(shape[0]), rows: shape.count == 3 ? Int64(shape[1]) : 1,
          columns: Int64(targets.columns),
          spacing: (spacing[0], spacing[1], spacing[2]), distance: distance)
        var survey = ck_survey()
        let count = shape.reduce(1, *)
        func map(_ variant: ck_variant) -> [Float] {
          var map = [Float](repeating: -7, count: count + Mask.mapPadding)
          #expect(ck_look(variant, &grid, targets.words, points.words, &survey))
          #expect(ck_map(variant, &grid, &survey, targets.words, points.words, &map))
          return map
        }
        let expected = map(ck_portable)
        for variant in Self.variants { #expect(map(variant) == expected) }
        // What is no query stays as it was.
        #expect(expected[count...].allSatisfy { $0 == -7 })
        var atTargets = 0
        for row in 0..<targets.rows {
          for column in 0..<targets.columns where targets[row, column] {
            atTargets += expected[row * targets.columns + column] == -7 ? 1 : 0
          }
        }
        #expect(atTargets == targets.count)
        let measured = Self.measure(ck_portable, grid, targets, points).1
        let mapped = expected[..<count].filter { $0 != -7 }.map(Double.init).sorted()
        let agrees =
          measured.count == mapped.count && zip(measured, mapped).allSatisfy { abs($0 - $1) <= 1e-6 * $0 }
        #expect(agrees, "\(shape) \(density)")
      }
    }
  }

  @Test func `every variant's losses are those of the portable one`() throws {
    let (rows, columns) = (37, 131)
    let count = rows * columns
    var random = SeededGenerator(state: 12)
    let logits = (0..<count).map { _ in Float.random(in: -9...9, using: &random) }
    let truth = (0..<count).map { UInt8($0 % columns > 60 ? 1 : 0) }
    let map = (0..<count).map { _ in Float.random(in: 0...50, using: &random) }
    func everything(_ variant: ck_variant) throws -> [Double] {
      let scratch = try Scratch<Double>(repeating: .nan, count: 7 * count + columns)
      let floats = try Scratch<Float>(repeating: 0, count: 4 * count)
      defer {
        scratch.keep()
        floats.keep()
      }
      let (p, q) = (floats.start, floats.start + count)
      let (e, gradient) = (q + count, q + 2 * count)
      ck_sigmoid(variant, logits, Int64(count), p, q)
      return truth.withUnsafeBufferPointer { truth in
        logits.withUnsafeBufferPointer { logits in
          var plane = ck_plane(
            n: Int64(count), p: p, q: q, odds: logits.baseAddress, g: truth.baseAddress, e: e,
            gradient: gradient)
          ck_errors(variant, &plane, e)
          var extent = ck_extent(planes: 1, rows: Int64(rows), columns: Int64(columns), is_volume: false)
          let sums = ck_plane_sums(variant, &plane)
          var values = [sums.wrong, sums.missed]
          for alpha: Float in [2, 1.5] {
            values.append(ck_distance_transform(variant, &plane, map, map, alpha, 1e-3))
            values.append(ck_distance_transform(variant, &plane, map, nil, alpha, 1e-3))
          }
          values.append(ck_sum_weighted(variant, &plane, map, 1, -1, 1))
          ck_add_weighted(variant, &plane, map, 0.5, 0)
          ck_add_affine(variant, &plane, 0.25, 2, -1)
          values.append(ck_cross_entropy(variant, &plane, 1.5, 0.25, 0.75, 3))
          values.append(ck_erosion(variant, &plane, &extent, 5, 2, 1, scratch.start))
          return values + (0..<4 * count).map { Double(floats.start[$0]) }
        }
      }
    }
    let expected = try everything(ck_portable)
    for variant in Self.variants {
      let worst = zip(try everything(variant), expected).map { abs($0 - $1) / (1 + abs($1)) }.max()!
      #expect(worst < 1e-5, "variant \(variant.rawValue)")
    }
  }

  @Test(arguments: [[1, 33, 70], [9, 12, 21], [1, 1, 40], [7, 1, 1], [1, 2, 2]])
  func `erosions of errors here and there read nothing that they did not write`(_ shape: [Int]) {
    let count = shape.reduce(1, *)
    var random = SeededGenerator(state: 12)
    // Blocks of grave errors among slight ones.
    let block = (0..<3).map { _ in Int.random(in: 0..<max(1, count - 6), using: &random) }
    let p = (0..<count).map { index in
      block.contains { index >= $0 && index < $0 + 5 || index % shape[2] == $0 % shape[2] }
        ? Float.random(in: 0.9...1, using: &random) : Float.random(in: 0...0.2, using: &random)
    }
    let truth = [UInt8](repeating: 0, count: count)
    func erode(_ variant: ck_variant, _ filling: Double, withGradient: Bool) -> [Double] {
      var gradient = [Float](repeating: 0, count: count)
      var scratch = [Double](repeating: filling, count: 8 * count + shape[2])
      let value = p.withUnsafeBufferPointer { p in
        truth.withUnsafeBufferPointer { truth in
          gradient.withUnsafeMutableBufferPointer { gradient in
            // Nothing is true, so that the errors are the predictions.
            var plane = ck_plane(
              n: Int64(count), p: p.baseAddress, q: nil, odds: nil, g: truth.baseAddress, e: p.baseAddress,
              gradient: withGradient ? gradient.baseAddress : nil)
            var extent = ck_extent(
              planes: Int64(shape[0]), rows: Int64(shape[1]), columns: Int64(shape[2]),
              is_volume: shape[0] > 1)
            return ck_erosion(variant, &plane, &extent, 6, 2, 1, &scratch)
          }
        }
      }
      return [value] + gradient.map(Double.init)
    }
    let expected = erode(ck_portable, 0, withGradient: true)
    let isFinite = expected.allSatisfy { $0.isFinite }
    #expect(isFinite)
    for variant in Self.variants {
      for filling in [0, Double.nan] {
        let found = erode(variant, filling, withGradient: true)
        let worst = zip(found, expected).map { abs($0 - $1) / (1 + abs($1)) }.max()
        #expect((worst ?? .nan) <= 1e-9)
        #expect(
          abs(erode(variant, filling, withGradient: false)[0] - expected[0]) <= 1e-9 * (1 + expected[0]))
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
