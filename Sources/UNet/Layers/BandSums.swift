import CKernels

/// What kernels sum over each band of a tensor, two numbers for each channel.
final class BandSums {
  let start: UnsafeMutablePointer<ck_sums16>
  private let tensor: Tensor
  private let buffer: Buffer

  init(of tensor: Tensor) throws(UNetError) {
    self.tensor = tensor
    buffer = try Buffer(count: tensor.bandCount * MemoryLayout<ck_sums16>.stride)
    start = buffer.start.bindMemory(to: ck_sums16.self, capacity: tensor.bandCount)
  }

  /// Calls a closure with the sums of each band that holds a channel, in the order of images and rows.
  func forEachBand(of channel: Int, _ each: (Tensor.Band, Double, Double) -> Void) {
    let (block, lane) = channel.quotientAndRemainder(dividingBy: Tensor.block)
    let numbers = UnsafeRawPointer(start).assumingMemoryBound(to: Float.self)
    for image in 0..<tensor.batch {
      for index in tensor.bands(ofBlock: block, image: image) {
        let first = numbers + index * 2 * Tensor.block + lane
        each(tensor.band(index), Double(first[0]), Double(first[Tensor.block]))
      }
    }
  }
}

/// A `ck_affine` for each block, whose arrays Swift sees as tuples.
final class Maps {
  let start: UnsafeMutablePointer<ck_affine>
  private let buffer: Buffer

  init(blocks: Int) throws(UNetError) {
    buffer = try Buffer(count: blocks * MemoryLayout<ck_affine>.stride)
    start = buffer.start.bindMemory(to: ck_affine.self, capacity: blocks)
  }

  /// A channel's number.
  subscript(channel: Int, array: PartialKeyPath<ck_affine>) -> Float {
    get { number(channel, array).pointee }
    set { number(channel, array).pointee = newValue }
  }

  private func number(_ channel: Int, _ array: PartialKeyPath<ck_affine>) -> UnsafeMutablePointer<Float> {
    let (block, lane) = channel.quotientAndRemainder(dividingBy: Tensor.block)
    let numbers = UnsafeMutableRawPointer(start + block) + MemoryLayout<ck_affine>.offset(of: array)!
    return numbers.assumingMemoryBound(to: Float.self) + lane
  }
}
