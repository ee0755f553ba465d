extension Geometry {
  /// What the header's `fields` say of a volume of `rank` axes, by the rules of nibabel (`get_best_affine`): the map of
  /// sform if there is one, else of qform, else one with the volume's centre at the origin and the first axis to the left.
  ///
  /// - Throws: `FormatError.malformed` where a distance is not finite, or the quaternion longer than 1.
  init(_ fields: NIfTIFields, rank: Int) throws(FormatError) {
    let spacing = (1...3).map { axis in
      let distance = fields.pixdim(axis)
      return distance == 0 ? 1 : abs(distance)
    }
    guard spacing.prefix(rank).allSatisfy(\.isFinite) else {
      throw FormatError(
        .malformed, "the NIfTI header has pixdim \(spacing.prefix(rank)), which is no spacing")
    }
    let affine: [Double]
    if Self.isKnown(fields.sformCode) {
      affine = fields.srow
    } else if Self.isKnown(fields.qformCode) {
      affine = try Self.affine(ofQuaternion: fields, spacing)
    } else {
      affine = Self.centred(fields, spacing, rank: rank)
    }
    self.init(spacing: Array(spacing.prefix(rank)), affine: affine)
  }

  /// Whether the code of a transform is one of those there are.
  private static func isKnown(_ code: Int) -> Bool { (1...5).contains(code) }

  private static func centred(_ fields: NIfTIFields, _ spacing: [Double], rank: Int) -> [Double] {
    let steps = (0..<3).map { axis in (axis < rank ? spacing[axis] : 1) * (axis == 0 ? -1 : 1) }
    return (0..<3).flatMap { row in
      let extent = row < rank ? fields.dim(row + 1) : 1
      return (0..<3).map { $0 == row ? steps[row] : 0 } + [-Double(extent - 1) / 2 * steps[row]]
    }
  }

  /// The rotation by a unit quaternion whose first part, not negative, the others tell; then the offset.
  private static func affine(
    ofQuaternion fields: NIfTIFields, _ spacing: [Double]
  ) throws(FormatError) -> [Double] {
    let (x, y, z) = (fields.quaternion[0], fields.quaternion[1], fields.quaternion[2])
    let rest = 1 - (x * x + y * y + z * z)
    // As stored, the three may be longer than 1 by what rounding them does.
    let tolerance = 3 * (fields.isLong ? Double.ulpOfOne : Double(Float.ulpOfOne))
    guard rest > -tolerance else {
      throw FormatError(.malformed, "the NIfTI header's quaternion (\(x), \(y), \(z)) is longer than 1")
    }
    let w = rest < tolerance ? 0 : rest.squareRoot()
    let scale = 2 / (w * w + x * x + y * y + z * z)
    let rotation = [
      [1 - scale * (y * y + z * z), scale * (x * y - w * z), scale * (x * z + w * y)],
      [scale * (x * y + w * z), 1 - scale * (x * x + z * z), scale * (y * z - w * x)],
      [scale * (x * z - w * y), scale * (y * z + w * x), 1 - scale * (x * x + y * y)],
    ]
    let steps = [spacing[0], spacing[1], fields.pixdim(0) == -1 ? -spacing[2] : spacing[2]]
    return (0..<3).flatMap { row in
      zip(rotation[row], steps).map { $0 * $1 } + [fields.qoffset[row]]
    }
  }
}
