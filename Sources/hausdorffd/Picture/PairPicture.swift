import Hausdorff

/// A picture of two masks: their outlines, what they share, how far off the rest is, and where it is farthest.
struct PairPicture {
  let map: DisagreementMap
  let spacing: [Double]
  /// What lengths are measured in: `px`, or `units` of a spacing that was given.
  let unitName: String
  let distance: Distance
  /// What stands in the last lines, such as metrics.
  let captions: [String]
  private let scale: PictureScale

  init(
    _ map: DisagreementMap, spacing: [Double], unitName: String, distance: Distance, captions: [String]
  ) {
    (self.map, self.spacing, self.unitName) = (map, spacing, unitName)
    (self.distance, self.captions) = (distance, captions)
    scale = PictureScale(shape: map.shape, spacing: spacing)
  }

  /// Bytes that drawing one of these masks takes, about: masks, distances and twice the image.
  static func workingBytes(shape: [Int], spacing: [Double]) -> Int {
    let scale = PictureScale(shape: shape, spacing: spacing)
    let pixels =
      (shape[0] * scale.down + 256 * scale.unit)
      * (max(shape[1] * scale.across, leastWidth * scale.unit) + 32 * scale.unit)
    return 6 * shape[0] * shape[1] + 6 * pixels
  }

  /// Draws it.
  var canvas: Canvas {
    let unit = scale.unit
    let margin = Self.margin * unit
    let size = (rows: map.shape[0] * scale.down, columns: map.shape[1] * scale.across)
    let width = max(size.columns, Self.leastWidth * unit)
    let legend = Legend(legendGroups(width: width), width: width, unit: unit)
    let content = max(width, legend.width)
    var canvas = Canvas(
      width: content + 2 * margin, height: size.rows + legend.height + 2 * margin + Self.gap * unit)
    let (column, row) = (margin + (content - size.columns) / 2, margin)
    drawMasks(on: &canvas, column, row)
    legend.draw(on: &canvas, column: margin, row: row + size.rows + Self.gap * unit)
    return canvas
  }

  // In units.
  private static let margin = 9
  private static let gap = 5
  private static let leastWidth = 272

  // MARK: Masks

  private func drawMasks(on canvas: inout Canvas, _ column: Int, _ row: Int) {
    let panel = Panel(shape: map.shape, scale: scale, column: column, row: row)
    panel.drawFrame(on: &canvas)
    panel.fill(on: &canvas) { index in
      switch map.points[index] {
      case 0: Palette.paper
      case DisagreementMap.truth | DisagreementMap.prediction: Palette.overlap
      default: map.empty == nil ? Palette.levels[Int(map.levels[index])] : Palette.unmeasured
      }
    }
    // Outlines lie on either side of the edges between points, so that both are seen where the masks have the same edge.
    panel.outline(map.points, DisagreementMap.truth, isInside: false, Palette.truth, on: &canvas)
    panel.outline(map.points, DisagreementMap.prediction, isInside: true, Palette.prediction, on: &canvas)
    if let worst = map.worst { panel.mark(worst, on: &canvas) }
  }

  // MARK: Legend

  private func legendGroups(width: Int) -> [[Legend.Item]] {
    let pixelLength = spacing[1] / Double(scale.across)
    let length = PictureNumber.roundLength(within: max(Double(width) * pixelLength / 5, spacing[1]))
    let bar = Int((length / pixelLength).rounded())
    let masks: [Legend.Item] = [
      [.line(Palette.truth), .text("y_true")], [.line(Palette.prediction), .text("y_pred")],
      [.box(Palette.overlap), .text("both")],
    ]
    let scaleBar: [Legend.Item] = [
      [.bar(bar), .text(measure(length))], scale.isTrue ? [] : [.text("across; rows are not to scale")],
    ]
    return [masks] + differences(beside: scaleBar) + [captions.map { [.text($0)] }]
  }

  /// - Parameter scaleBar: what stands in the last of these lines too.
  private func differences(beside scaleBar: [Legend.Item]) -> [[Legend.Item]] {
    if let empty = map.empty {
      let name =
        switch empty {
        case .truth: "y_true is empty: there are no distances"
        case .prediction: "y_pred is empty: there are no distances"
        case .both: "both masks are empty"
        }
      let other = empty == .both ? [] : [Legend.Piece.box(Palette.unmeasured)]
      return [[other + [.text(name)]], scaleBar]
    }
    guard let worst = map.worst else { return [[[.text("the masks are equal")]], scaleBar] }
    let name = distance == .euclidean ? "distance" : "\(distance.rawValue) distance"
    return [
      [[.text(name + " 0"), .ramp, .text(measure(worst.distance))]],
      [[.ring, .text("worst: row \(worst.row), column \(worst.column)")]] + scaleBar,
    ]
  }

  private func measure(_ length: Double) -> String { "\(PictureNumber.text(length)) \(unitName)" }
}
