import Dispatch
import Testing

@testable import Hausdorff

/// Large pairs, which are measured in parts, beside maps, which are not.
@Suite struct MaskPairTests {
  static let concurrently: Score.Perform = { count, each in
    DispatchQueue.concurrentPerform(iterations: count, execute: each)
  }
  static let lastFirst: Score.Perform = { count, each in for number in (0..<count).reversed() { each(number) }
  }

  /// Points at random, one of 2 to the power of `rarity`.
  private static func noise(_ shape: [Int], rarity: Int, using random: inout SeededGenerator) -> Mask {
    var mask = Mask(emptyWithShape: shape)
    let last: UInt64 = mask.columns & 63 == 0 ? ~0 : 1 << UInt64(mask.columns & 63) - 1
    for index in mask.words.indices {
      var word = (index + 1) % mask.wordsPerRow == 0 ? last : ~0
      for _ in 0..<rarity { word &= random.next() }
      mask.words[index] = word
    }
    return mask
  }

  @Test(
    arguments: [[1500, 1450], [5000, 500], [300, 64, 130], [100, 150, 200], [40, 300, 300]],
    [(15, 1), (7, 7), (1, 1)])
  func `parts of a large pair are measured like the whole`(_ shape: [Int], _ rarity: (Int, Int)) throws {
    var random = SeededGenerator(state: 5)
    for (distance, unequal) in [(Distance.euclidean, false), (.euclidean, true), (.manhattan, false)] {
      var targets = Self.noise(shape, rarity: rarity.0, using: &random)
      // Targets on one side only: most parts have none.
      for index in targets.words.count / 3..<targets.words.count { targets.words[index] = 0 }
      targets[0, 3] = true
      let points = Self.noise(shape, rarity: rarity.1, using: &random)
      let spacing = unequal ? [0.75, 1.5, 2].suffix(shape.count) : shape.map { _ in 1 }
      var map = [Float](repeating: -1, count: shape.reduce(1, *) + Mask.mapPadding)
      try points.writeDistances(to: targets, spacing: Array(spacing), distance: distance, into: &map)

      let pair = try MaskPair(targets, points, spacing: Array(spacing), distance: distance)
      let measured = try pair.distances(toFirst: true, keeping: .valuesAndPlaces)
      #expect(measured.values.count == pair.countOfSecond - pair.countOfBoth)
      let isAsMapped = zip(measured.values, measured.places).allSatisfy { value, place in
        abs(value - Double(map[Int(place)])) <= 1e-6 * value
      }
      #expect(isAsMapped, "\(distance), unequal: \(unequal)")
      let places = measured.places.sorted()
      #expect(zip(places, places.dropFirst()).allSatisfy { $0 < $1 })
      #expect(abs(measured.values.reduce(0, +) - measured.sum) <= 1e-9 * measured.sum)
      #expect(measured.values.max() == measured.maximum)
      for perform in [Self.concurrently, Self.lastFirst] {
        let again = try pair.distances(toFirst: true, keeping: .valuesAndPlaces, perform: perform)
        let isTheSame =
          again.values == measured.values && again.places == measured.places
          && again.sum == measured.sum && again.maximum == measured.maximum
        #expect(isTheSame, "not the same by other threads")
      }
    }
  }

  @Test(arguments: [[1500, 1450], [100, 150, 200]])
  func `scores are the same whichever threads take part`(_ shape: [Int]) throws {
    var random = SeededGenerator(state: 6)
    let truth = Self.noise(shape, rarity: 5, using: &random)
    let prediction = Self.noise(shape, rarity: 5, using: &random)
    let names = ["average_hausdorff", "hausdorff_95", "surface_dice", "average_surface_distance"]
    let metrics = Convention.allCases.flatMap { convention in
      names.compactMap { Metric(name: $0, convention: convention) }
    }
    let options = ScoreOptions(metrics: metrics, spacing: shape.map { _ in 1 })
    let expected = try Score(truth: truth, prediction: prediction, options: options)
    for perform in [Self.concurrently, Self.lastFirst] {
      let score = try Score(truth: truth, prediction: prediction, options: options, perform: perform)
      #expect(score == expected)
    }
  }

  @Test func `a large pair comes in parts, a small one does not`() throws {
    final class Counts: @unchecked Sendable { var all: [Int] = [] }
    for (shape, isLarge) in [([2000, 1100], true), ([130, 130, 130], true), ([1000, 1000], false)] {
      let count = shape.reduce(1, *)
      let full = try Mask(
        shape: shape, elements: [UInt8](repeating: 1, count: count).span.bytes, type: .uint8)
      var point = Mask(emptyWithShape: shape)
      point[500, 50] = true
      let pair = try MaskPair(full, point, spacing: shape.map { _ in 1 }, distance: .euclidean)
      let counts = Counts()
      _ = try pair.distances(toFirst: false) { count, each in
        counts.all.append(count)
        for number in 0..<count { each(number) }
      }
      #expect(counts.all.count == (isLarge ? 2 : 0) && counts.all.allSatisfy { $0 > 1 }, "\(shape)")
    }
  }
}
