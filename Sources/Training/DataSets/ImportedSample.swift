import Hausdorff
import MaskFormats

/// An image and its mask, checked, on their way into a data set.
struct ImportedSample {
  /// What the data set calls it.
  var name: String
  /// What messages about its import call it.
  var title: String
  var height: Int
  var width: Int
  /// Each channel of the image (height, width), all of one type.
  var planes: [NumericArray]
  /// (height, width)
  var labels: [UInt8]

  /// Bytes that its pixels take.
  var byteCount: Int { planes.reduce(labels.count) { $0 + $1.byteCount } }
}

extension ImportedSample {
  /// Where an array's values lie, and what messages call it.
  struct Part {
    var array: NumericArray
    /// Where the sample begins in the array, in elements.
    var start = 0
    var title: String
  }

  /// Takes a sample of `layout` out of an image and a mask, which may hold others too.
  ///
  /// - Throws: `DataSetError.invalid` where the image holds a value that is not finite as float32, or the mask one that
  ///   is no whole number from 0 to 255.
  init(name: String, image: Part, mask: Part, _ layout: SampleLayout) throws(DataSetError) {
    self.init(
      name: name, title: image.title, height: layout.height, width: layout.width, planes: [], labels: [])
    let pixels = layout.height * layout.width
    for channel in 0..<layout.channels {
      let first = image.start + (layout.isChannelLast ? channel : channel * pixels)
      let stride = layout.isChannelLast ? layout.channels : 1
      do throws(FormatError) {
        planes.append(try image.array.elements(from: first, stride: stride, count: pixels))
      } catch {
        throw DataSetError(error, in: image.title)
      }
      try checkFinite(planes[channel], channel, of: layout)
    }
    labels = try Self.labels(mask, layout)
  }

  private func checkFinite(_ plane: NumericArray, _ channel: Int, of layout: SampleLayout)
    throws(DataSetError)
  {
    guard [.float16, .float32, .float64].contains(plane.type) else { return }
    for start in stride(from: 0, to: height * width, by: Self.pieceCount) {
      let values = plane.doubles(from: start, count: min(Self.pieceCount, height * width - start))
      guard let index = values.firstIndex(where: { !Float($0).isFinite }) else { continue }
      let place = layout.place(of: start + index) + (layout.channels > 1 ? ", channel \(channel)" : "")
      throw DataSetError(
        .invalid, "\(title): the image has \(values[index]) at \(place), not a finite float32")
    }
  }

  /// Pixels that are converted at a time, so that float64 of a large image take little memory.
  private static let pieceCount = 1 << 16

  private static func labels(_ mask: Part, _ layout: SampleLayout) throws(DataSetError) -> [UInt8] {
    let count = layout.height * layout.width
    var labels: [UInt8] = []
    labels.reserveCapacity(count)
    while labels.count < count {
      let start = mask.start + labels.count
      for value in mask.array.doubles(from: start, count: min(pieceCount, count - labels.count)) {
        guard let label = UInt8(exactly: value) else {
          throw DataSetError(
            .invalid,
            "\(mask.title): the mask has \(value) at \(layout.place(of: labels.count)), which is no whole number "
              + "from 0 to 255")
        }
        labels.append(label)
      }
    }
    return labels
  }
}
