import Hausdorff
import Testing

/// The map of where two masks differ, against a search over all pairs of points.
struct DisagreementMapTests {
  private func mask(_ shape: [Int], _ points: [Bool]) -> Mask {
    var mask = Mask(emptyWithShape: shape)
    for (index, point) in points.enumerated() { mask[index / shape[1], index % shape[1]] = point }
    return mask
  }

  @Test(arguments: Distance.allCases, [[1, 1], [2, 3]])
  func `Points, distances and the worst are those of a full search`(_ distance: Distance, _ unit: [Int])
    throws
  {
    var random = SystemRandomNumberGenerator()
    for round in 0..<40 {
      let shape = [Int.random(in: 1...20, using: &random), Int.random(in: 1...90, using: &random)]
      let spacing = unit.map { Double($0) * (round % 2 == 0 ? 1 : 1e60) }
      let count = shape[0] * shape[1]
      var truth = (0..<count).map { _ in Int.random(in: 0..<5, using: &random) == 0 }
      var prediction = (0..<count).map { _ in Int.random(in: 0..<9, using: &random) == 0 }
      (truth[count / 2], prediction[count / 3]) = (true, true)
      let map = try DisagreementMap(
        truth: mask(shape, truth), prediction: mask(shape, prediction), spacing: spacing, distance: distance)
      #expect(map.points == zip(truth, prediction).map { ($0 ? 1 : 0) | ($1 ? 2 : 0) })
      func length(_ from: Int, _ to: Int) -> Double {
        let down = Double(abs(from / shape[1] - to / shape[1])) * spacing[0]
        let across = Double(abs(from % shape[1] - to % shape[1])) * spacing[1]
        return switch distance {
        case .euclidean: (down * down + across * across).squareRoot()
        case .manhattan: down + across
        case .chebyshev: max(down, across)
        }
      }
      let distances = (0..<count).map { index -> Double in
        guard truth[index] != prediction[index] else { return 0 }
        let other = truth[index] ? prediction : truth
        return (0..<count).filter { other[$0] }.map { length(index, $0) }.min()!
      }
      let greatest = distances.max()!
      guard greatest > 0 else {
        #expect(map.worst == nil)
        continue
      }
      for (index, level) in map.levels.enumerated() {
        let share = distances[index] / greatest
        let expected = truth[index] == prediction[index] ? 0 : 1 + 254 * share
        #expect(abs(Double(level) - expected) <= 0.51)
      }
      let worst = try #require(map.worst)
      let place = worst.row * shape[1] + worst.column
      let nearest = worst.nearestRow * shape[1] + worst.nearestColumn
      #expect(abs(worst.distance / greatest - 1) < 1e-6)
      #expect(distances[place] == worst.distance && length(place, nearest) == worst.distance)
      #expect(worst.isPredicted == prediction[place] && (worst.isPredicted ? truth : prediction)[nearest])
    }
  }

  @Test func `Masks that are empty or equal have no worst point`() throws {
    let none = Mask(emptyWithShape: [3, 70])
    var some = none
    some[1, 65] = true
    for (truth, prediction, empty) in [
      (none, none, EmptySide.both), (none, some, .truth), (some, none, .prediction), (some, some, nil),
    ] {
      let map = try DisagreementMap(
        truth: truth, prediction: prediction, spacing: [1, 1], distance: .euclidean)
      #expect(map.empty == empty && map.worst == nil && map.levels.allSatisfy { $0 == 0 })
    }
  }
}
