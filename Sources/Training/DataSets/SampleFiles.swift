import MaskFormats

/// The files of a folder of images, or of masks, by their stems; `Place` is where the bytes of one are.
struct SampleFiles<Place> {
  /// A file, as its folder has it.
  struct File {
    var name: String
    var place: Place
  }

  /// An image and its mask.
  struct Pair {
    var stem: String
    var image: File
    var mask: File
  }

  /// What messages call the folder.
  let folder: String
  private var files: [String: File] = [:]

  init(folder: String) { self.folder = folder }

  var isEmpty: Bool { files.isEmpty }

  /// What tells a file called `name` from the others of its folder.
  ///
  /// - Throws: `DataSetError.invalid` for a name of no file that is read, and where another file has that stem.
  func stem(of name: String) throws(DataSetError) -> String {
    guard !name.utf8.contains(UInt8(ascii: "/")), let stem = ArrayFile.stem(of: name) else {
      throw DataSetError(.invalid, "\(folder)/\(name.shown): \(ArrayFile.nameObjection)")
    }
    if let other = files[stem] {
      throw DataSetError(
        .invalid, "\(folder): both '\(other.name.shown)' and '\(name.shown)' are there, of one stem")
    }
    return stem
  }

  mutating func add(_ name: String, at place: Place) throws(DataSetError) {
    files[try stem(of: name)] = File(name: name, place: place)
  }

  /// Files of `images` with those of `masks` that have their stems, in the order of the stems' bytes.
  ///
  /// - Throws: `DataSetError.invalid`, for what messages call `title`, where an image has no mask or a mask no image.
  static func pairs(
    _ images: SampleFiles, _ masks: SampleFiles, in title: String
  ) throws(DataSetError) -> [Pair] {
    for (one, other, what) in [
      (images, masks, "images without masks"), (masks, images, "masks without images"),
    ] {
      let alone = one.files.filter { other.files[$0.key] == nil }.map(\.value.name)
      guard alone.isEmpty else {
        let names = alone.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
        throw DataSetError(.invalid, "\(title): \(alone.count) \(what): \(names.summary)")
      }
    }
    return images.files.map { stem, image in Pair(stem: stem, image: image, mask: masks.files[stem]!) }
      .sorted { $0.stem.utf8.lexicographicallyPrecedes($1.stem.utf8) }
  }
}

extension ImportedSample {
  /// Where the bytes of an image or a mask are, and what messages call it.
  struct Encoded {
    var bytes: any ByteSource
    /// All of `bytes` where it is nil.
    var range: Range<Int>?
    var title: String
  }

  /// Decodes an image and its mask, each from a file of any format that `ArrayFile` knows.
  ///
  /// - Throws: `DataSetError` where a file cannot be decoded, for values and sizes that do not fit, and for an image and a
  ///   mask that say they lie at different places.
  init(name: String, image: Encoded, mask: Encoded, limits: FormatLimits) throws(DataSetError) {
    let imageArray = try image.decoded { (bytes, range) throws(FormatError) in
      try ArrayFile.decodeImage(bytes, range: range, limits: limits)
    }
    let maskArray = try mask.decoded { (bytes, range) throws(FormatError) in
      try ArrayFile.decode(bytes, range: range, limits: limits).slice
    }
    if let place = maskArray.geometry,
      let detail = imageArray.geometry?.disagreement(with: place, name: image.title)
    {
      throw DataSetError(.invalid, "\(mask.title) \(detail)")
    }
    let layout = try SampleLayout(
      image: imageArray.shape, mask: maskArray.shape, imageTitle: image.title, maskTitle: mask.title)
    try self.init(
      name: name, image: .init(array: imageArray, title: image.title),
      mask: .init(array: maskArray, title: mask.title), layout)
  }
}

extension ImportedSample.Encoded {
  fileprivate func decoded(
    _ decode: (any ByteSource, Range<Int>?) throws(FormatError) -> NumericArray
  ) throws(DataSetError) -> NumericArray {
    do throws(FormatError) { return try decode(bytes, range) } catch { throw DataSetError(error, in: title) }
  }
}
