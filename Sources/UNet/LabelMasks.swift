import Hausdorff

/// True masks out of a batch's label maps.
struct LabelMasks: @unchecked Sendable {
  // The labels outlive the evaluation that asks for masks.
  private let labels: UnsafeBufferPointer<UInt8>
  private let height: Int
  private let width: Int
  private let classes: Range<Int>
  private let isBinary: Bool

  init(_ labels: UnsafeBufferPointer<UInt8>, height: Int, width: Int, classes: Range<Int>, isBinary: Bool) {
    (self.labels, self.height, self.width) = (labels, height, width)
    (self.classes, self.isBinary) = (classes, isBinary)
  }

  /// The masks of an item, one for each class that counts.
  func masks(item: Int) -> [Mask] {
    let plane = UnsafeBufferPointer(rebasing: labels[item * height * width..<(item + 1) * height * width])
    return classes.map { mask(plane, $0) }
  }

  /// The same for a loss to ask for.
  var masks: LossFunction.Truth { { (item) throws(LossError) in self.masks(item: item) } }

  private func mask(_ plane: UnsafeBufferPointer<UInt8>, _ label: Int) -> Mask {
    func packed(_ bytes: UnsafeBufferPointer<UInt8>) -> Mask {
      do throws(MaskError) {
        return try Mask(shape: [height, width], elements: UnsafeRawBufferPointer(bytes).bytes, type: .uint8)
      } catch {
        preconditionFailure("bytes are finite")
      }
    }
    guard !isBinary else { return packed(plane) }
    return withUnsafeTemporaryAllocation(of: UInt8.self, capacity: plane.count) { bytes in
      for index in plane.indices { bytes[index] = plane[index] == label ? 1 : 0 }
      return packed(UnsafeBufferPointer(bytes))
    }
  }
}
