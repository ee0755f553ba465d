/// Images drawn by chance: organ-like shapes to be found among others that resemble them.
///
/// Organs are smooth closed curves with a bright core. Distractors, which are not in the masks, are about
/// as bright but have a dark core, so that no single edge or spot tells the two apart. Everything is blurred, seen through uneven
/// illumination, and noisy. The same options give the same samples on every machine, and sample `n` is the same
/// whatever `samples` is.
public struct SyntheticShapes: Equatable, Sendable {
  /// Number of samples: 1 to 100,000.
  public var samples = 200
  /// Pixels of every image: 16 to 4096 each.
  public var height = 64
  public var width = 64
  /// Standard deviation of the noise, from 0 to 4, where organs are about 0.4 brighter than what is around them.
  public var noise = 0.2
  /// Standard deviation, in pixels, of the Gaussian that edges are blurred with: 0 to 16.
  public var blur = 1.0
  /// Shapes in each image that are not in its mask: 0 to 64, fewer where there is no room.
  public var distractors = 2
  /// Organs in each image, each with a label of its own from 1 on and its own brightness: 1 to 8, fewer where there is
  /// no room.
  public var classes = 1
  /// Share of the images, from 0 to 1, that have no organ at all.
  public var emptyShare = 0.0
  /// What chance starts from.
  public var seed: UInt64 = 1

  /// Options that give images of 64 by 64, of which a network learns most in a minute.
  public init() {}

  /// Refuses options out of their ranges, in words that name the one at fault.
  ///
  /// - Throws: `DataSetError.invalid`.
  public func validate() throws(DataSetError) {
    func check<Value: Comparable>(
      _ name: String, _ value: Value, _ range: ClosedRange<Value>
    ) throws(DataSetError) {
      guard range.contains(value) else {
        throw DataSetError(
          .invalid,
          "synthetic: \(name) must be from \(range.lowerBound) to \(range.upperBound), and is \(value)")
      }
    }
    try check("samples", samples, 1...100_000)
    try check("size's height", height, 16...4096)
    try check("size's width", width, 16...4096)
    try check("noise", noise, 0...4)
    try check("blur", blur, 0...16)
    try check("distractors", distractors, 0...64)
    try check("classes", classes, 1...8)
    try check("empty", emptyShare, 0...1)
  }
}

extension SyntheticShapes {
  /// Parses what a command line says: `synthetic`, alone or followed by `:` and options separated by commas, such as
  /// `synthetic:samples=200,size=64x48,noise=0.4,blur=1,distractors=3,classes=1,empty=0.1,seed=1`.
  ///
  /// A size is height by width, or one number for both.
  ///
  /// - Throws: `DataSetError.invalid` that names the option that is unknown, repeated, malformed or out of its range.
  public init(text: String) throws(DataSetError) {
    self.init()
    guard Self.isMeant(by: text) else {
      throw DataSetError(.invalid, "'\(text)' does not begin with 'synthetic:'")
    }
    var seen: Set<Substring> = []
    for option in text.dropFirst(10).split(separator: ",", omittingEmptySubsequences: false) {
      if option.isEmpty, text.count <= 10 { break }
      let parts = option.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      guard parts.count == 2 else {
        throw DataSetError(.invalid, "synthetic: '\(option)' is not of the form name=value")
      }
      guard seen.insert(parts[0]).inserted else {
        throw DataSetError(.invalid, "synthetic: \(parts[0]) is given twice")
      }
      try set(parts[0], to: parts[1])
    }
    try validate()
  }

  /// Whether `text` is for `init(text:)`, and not the path of a file.
  public static func isMeant(by text: String) -> Bool {
    text == "synthetic" || text.hasPrefix("synthetic:")
  }

  private mutating func set(_ name: Substring, to text: Substring) throws(DataSetError) {
    func number<Value>(_ value: Value?, _ what: String) throws(DataSetError) -> Value {
      guard let value else {
        throw DataSetError(.invalid, "synthetic: \(name) must be \(what), not '\(text)'")
      }
      return value
    }
    let whole = "a whole number"
    switch name {
    case "samples": samples = try number(Int(text), whole)
    case "size":
      let sides = text.split(separator: "x", omittingEmptySubsequences: false).map { Int($0) }
      let what = "one whole number, or two as in 64x48"
      guard sides.count <= 2 else {
        throw DataSetError(.invalid, "synthetic: size must be \(what), not '\(text)'")
      }
      height = try number(sides[0], what)
      width = try number(sides[sides.count - 1], what)
    case "noise": noise = try number(Double(text), "a number")
    case "blur": blur = try number(Double(text), "a number")
    case "distractors": distractors = try number(Int(text), whole)
    case "classes": classes = try number(Int(text), whole)
    case "empty": emptyShare = try number(Double(text), "a number")
    case "seed": seed = try number(UInt64(text), "a whole number from 0 on")
    default:
      throw DataSetError(
        .invalid,
        "synthetic: there is no option '\(name)'; there are samples, size, noise, blur, distractors, classes, "
          + "empty and seed")
    }
  }
}
