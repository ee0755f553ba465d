/// Where the points of a volume lie, as its file says.
public struct Geometry: Equatable, Sendable {
  /// Distance of neighbours along each axis of the array, in the file's unit, mostly mm; positive and finite.
  public var spacing: [Double]
  /// What takes the indices i, j, k of a point in the file to its place in the world: 3 rows of 4 numbers, the last of
  /// each the translation, one row after the other. As the file has them, finite or not.
  public var affine: [Double]

  /// A geometry with a distance for each axis, and 12 numbers of an affine map.
  public init(spacing: [Double], affine: [Double]) {
    precondition(affine.count == 12)
    self.spacing = spacing
    self.affine = affine
  }

  /// Why the points of `other` lie elsewhere, in words that follow what it is called and then `name`, what this one is
  /// called; nil where they lie at the same places, up to a thousandth of a point.
  public func disagreement(with other: Geometry, name: String) -> String? {
    let scale = 1e-3 * (spacing.min() ?? 1)
    guard
      let place = affine.indices.first(where: { index in
        let (here, there) = (affine[index], other.affine[index])
        return !(abs(here - there) <= scale) && !(here.isNaN && there.isNaN)
      })
    else { return nil }
    return
      "lies elsewhere than \(name): row \(place / 4), column \(place % 4) of its affine is \(other.affine[place]), not \(affine[place])"
  }
}
