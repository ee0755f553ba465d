import HTTPServer

/// Which axis of an array is the batch, which are space and which the channels.
struct Layout: Equatable {
  /// The axes' letters, such as `BHWC`.
  let name: String

  private static let spaces = ["HW", "DHW"]

  /// All names there are: space, with a batch before it and channels last or right after the batch.
  static let names = spaces.flatMap { space in
    ["", "B"].flatMap { batch in [batch + space, batch + space + "C", batch + "C" + space] }
  }

  /// The layout of that name, letters in either case.
  init?(name: String) {
    let upper = name.uppercased()
    guard Layout.names.contains(upper) else { return nil }
    self.name = upper
  }

  /// What an array of so many axes is taken for where no layout is given.
  init?(rank: Int) {
    switch rank {
    case 2: name = "HW"
    case 3: name = "BHW"
    case 4: name = "BHWC"
    default: return nil
    }
  }

  /// The layout that an option names, or that an array of that shape is taken for; it fits the shape.
  ///
  /// - Parameter isVolume: whether three axes are taken for a volume.
  init(
    _ option: OptionList.Entry?, shape: [Int], isVolume: Bool = false, _ array: Problem.FieldError.Location
  ) throws(RequestError) {
    if let option {
      self = try Layout(option)
    } else {
      guard let layout = isVolume ? Layout(name: "DHW") : Layout(rank: shape.count) else {
        throw RequestError(
          array, "has \(shape.count) axes: say by layout what they are (one of \(Layout.namesInWords))")
      }
      self = layout
    }
    guard split(shape) != nil else {
      throw RequestError(
        option?.location ?? array,
        "layout \(name) has \(name.count) axes, the arrays have shape \(shape)")
    }
  }

  /// The layout that an option names.
  init(_ option: OptionList.Entry) throws(RequestError) {
    let name = try option.string()
    guard let layout = Layout(name: name) else {
      throw RequestError(option.location, "'\(name.prefix(40))' is not one of \(Layout.namesInWords)")
    }
    self = layout
  }

  private static var namesInWords: String { names.joined(separator: ", ") }

  /// The extents by what they are: of the batch, of space, of the channels.
  func split(_ shape: [Int]) -> (batch: Int, space: [Int], channels: Int)? {
    guard shape.count == name.utf8.count else { return nil }
    var (batch, space, channels) = (1, [Int](), 1)
    space.reserveCapacity(3)
    for (letter, extent) in zip(name.utf8, shape) {
      switch letter {
      case UInt8(ascii: "B"): batch = extent
      case UInt8(ascii: "C"): channels = extent
      default: space.append(extent)
      }
    }
    return (batch, space, channels)
  }

  /// How many axes are space.
  var spaceCount: Int { name.contains("D") ? 3 : 2 }

  /// Which axis holds the channels, if one does.
  var channelAxis: Int? { name.firstIndex(of: "C").map { name.distance(from: name.startIndex, to: $0) } }
  var channelsAreLast: Bool { name.last == "C" }

  /// What a shape of this layout is without the channels.
  func withoutChannels(_ shape: [Int]) -> [Int] {
    var shape = shape
    if let channelAxis { shape.remove(at: channelAxis) }
    return shape
  }
}
