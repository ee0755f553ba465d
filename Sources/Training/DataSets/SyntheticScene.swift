import Hausdorff

/// One synthetic image on its way: which shapes are where, and what they look like.
struct SyntheticScene {
  private struct Shape {
    var outline: Outline
    /// 0 for a distractor.
    var label: UInt8
    var body: Double
    var core: Double
  }

  /// What images have around their shapes.
  private static let background = 0.3
  /// What is added to a class's brightness: cores of organs are bright, those of distractors dark. Seen as a whole both
  /// are about as bright, so that it takes a look at the inside to tell them apart.
  private static let organLook = (body: 0.0, core: 0.3)
  private static let distractorLook = (body: 0.15, core: -0.2)
  /// How far out the core reaches, of 1.
  private static let coreLevel = 0.55

  private let options: SyntheticShapes
  private var shapes: [Shape] = []
  private var random: Random

  init(_ options: SyntheticShapes, index: Int) {
    self.options = options
    random = Random(seed: options.seed, UInt64(index))
    let side = Double(min(options.height, options.width))
    if !random.chance(options.emptyShare) {
      for label in 1...options.classes {
        let largest = 0.24 / (1 + 0.3 * Double(options.classes - 1)).squareRoot()
        let radius = side * random.uniform(in: 0.6 * largest...largest)
        place(Outline(radius: radius, &random), label: UInt8(label), body(ofClass: label), Self.organLook)
      }
    }
    for _ in 0..<options.distractors {
      let like = random.index(below: options.classes) + 1
      let radius = side * random.uniform(in: 0.09...0.16)
      place(Outline(radius: radius, &random), label: 0, body(ofClass: like), Self.distractorLook)
    }
  }

  /// Classes differ in brightness, in even steps.
  private func body(ofClass label: Int) -> Double {
    0.65 + 0.4 * Double(label - 1) / Double(max(options.classes - 1, 1))
  }

  /// Puts a shape where it meets no other, making it smaller if there is no room; leaves it out if there is none at all.
  private mutating func place(
    _ outline: Outline, label: UInt8, _ brightness: Double, _ look: (body: Double, core: Double)
  ) {
    let brightness = brightness + random.uniform(in: -0.05...0.05)
    var outline = outline
    for attempt in 1...200 {
      let reach = outline.reach
      let (lastRow, lastColumn) = (Double(options.height - 1), Double(options.width - 1))
      outline.row = random.uniform(in: min(reach, lastRow / 2)...max(lastRow - reach, lastRow / 2))
      outline.column = random.uniform(
        in: min(reach, lastColumn / 2)...max(lastColumn - reach, lastColumn / 2))
      let meetsNone = shapes.allSatisfy { other in
        let (y, x) = (other.outline.row - outline.row, other.outline.column - outline.column)
        return (x * x + y * y).squareRoot() > reach + other.outline.reach
      }
      if meetsNone {
        shapes.append(
          Shape(outline: outline, label: label, body: brightness + look.body, core: brightness + look.core))
        return
      }
      if attempt % 20 == 0 { outline = Outline(outline, scaledBy: 0.85) }
    }
  }

  /// The image (height, width) and its mask.
  mutating func draw() -> (image: [Double], labels: [UInt8]) {
    let (height, width) = (options.height, options.width)
    var image = [Double](repeating: Self.background, count: height * width)
    var labels = [UInt8](repeating: 0, count: height * width)
    for shape in shapes {
      let (outline, reach) = (shape.outline, shape.outline.reach)
      let rows = max(0, Int(outline.row - reach))...min(height - 1, Int(outline.row + reach) + 1)
      let columns = max(0, Int(outline.column - reach))...min(width - 1, Int(outline.column + reach) + 1)
      for row in rows {
        for column in columns {
          let level = outline.level(row: Double(row), column: Double(column))
          guard level <= 1 else { continue }
          image[row * width + column] = level <= Self.coreLevel ? shape.core : shape.body
          labels[row * width + column] = shape.label
        }
      }
      // Between four pixels a curve can be too small for any of them.
      let centre = Int(outline.row.rounded()) * width + Int(outline.column.rounded())
      (image[centre], labels[centre]) = (shape.core, shape.label)
    }
    GaussianBlur(deviation: options.blur).apply(to: &image, width: width)
    illuminate(&image)
    for pixel in image.indices { image[pixel] += options.noise * random.normal() }
    return (image, labels)
  }

  /// Multiplies by a field that changes slowly over the image, as that of a coil does in magnetic resonance.
  private mutating func illuminate(_ image: inout [Double]) {
    let weights = (0..<3).map { _ in random.uniform(in: -0.2...0.2) }
    for row in 0..<options.height {
      let y = 2 * Double(row) / Double(options.height - 1) - 1
      for column in 0..<options.width {
        let x = 2 * Double(column) / Double(options.width - 1) - 1
        image[row * options.width + column] *= 1 + weights[0] * x + weights[1] * y + weights[2] * x * y
      }
    }
  }
}
