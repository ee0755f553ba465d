/// How an image's shape is to be read beside that of its mask.
struct SampleLayout: Equatable {
  var height: Int
  var width: Int
  var channels: Int
  var isChannelLast: Bool

  /// Tells the axes of one sample's image, (H, W), (H, W, C) or (C, H, W), from its mask's, (H, W), (H, W, 1) or
  /// (1, H, W).
  ///
  /// Channels are last where both would fit, as Keras has it. Messages call the two `imageTitle` and `maskTitle`.
  ///
  /// - Throws: `DataSetError.invalid` for other ranks, for masks of several channels, and for sizes that differ.
  init(
    image: [Int], mask: [Int], imageTitle: String, maskTitle: String
  ) throws(DataSetError) {
    let size = try Self.size(mask: mask, title: maskTitle)
    let hasMaskSize: ([Int]) -> Bool = { $0.elementsEqual(size) }
    (height, width) = (size[0], size[1])
    switch image.count {
    case 2 where hasMaskSize(image): (channels, isChannelLast) = (1, true)
    case 3 where hasMaskSize(Array(image.dropLast())): (channels, isChannelLast) = (image[2], true)
    case 3 where hasMaskSize(Array(image.dropFirst())): (channels, isChannelLast) = (image[0], false)
    case 2, 3:
      throw DataSetError(
        .invalid,
        "\(imageTitle) of \(Self.text(image)) and \(maskTitle) of \(Self.text(mask)) differ in height and width"
      )
    default:
      throw DataSetError(
        .invalid, "\(imageTitle): a shape of \(Self.text(image)); an image is (H, W), (H, W, C) or (C, H, W)")
    }
    try checkChannels(imageTitle)
  }

  /// - Throws: `DataSetError.tooLarge` for more channels than a data set has room for: each takes memory of its own.
  private func checkChannels(_ title: String) throws(DataSetError) {
    guard channels <= DataSetHeader.maximumChannels else {
      throw DataSetError(
        .tooLarge, "\(title): \(channels) channels; at most \(DataSetHeader.maximumChannels) are allowed")
    }
  }

  private static func size(mask: [Int], title: String) throws(DataSetError) -> [Int] {
    if mask.count == 2 { return mask }
    if mask.count == 3, mask[2] == 1 { return Array(mask.dropLast()) }
    if mask.count == 3, mask[0] == 1 { return Array(mask.dropFirst()) }
    throw DataSetError(
      .invalid,
      "\(title): a shape of \(text(mask)); a mask is (H, W), (H, W, 1) or (1, H, W), with a label in each pixel"
    )
  }

  /// A shape as Python writes it.
  static func text(_ shape: [Int]) -> String {
    shape.count == 1 ? "(\(shape[0]),)" : "(\(shape.map(String.init).joined(separator: ", ")))"
  }

  /// A pixel of a plane, in words.
  func place(of pixel: Int) -> String { "row \(pixel / width), column \(pixel % width)" }
}
