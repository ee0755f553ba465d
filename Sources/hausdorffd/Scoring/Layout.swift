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

  /// The extents by what they are: of the batch, of space, of the channels.
  func split(_ shape: [Int]) -> (batch: Int, space: [Int], channels: Int)? {
    guard shape.count == name.count else { return nil }
    var (batch, space, channels) = (1, [Int](), 1)
    for (letter, extent) in zip(name, shape) {
      switch letter {
      case "B": batch = extent
      case "C": channels = extent
      default: space.append(extent)
      }
    }
    return (batch, space, channels)
  }
}
