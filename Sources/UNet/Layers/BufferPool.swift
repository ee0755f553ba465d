import CKernels

/// The memory of a network's tensors, in the order of their making, which a network of smaller batches uses again.
final class BufferPool {
  private var buffers: [Buffer] = []
  private var next = 0
  private var shared: Buffer?
  private let larger: BufferPool?

  init(_ larger: BufferPool?) { self.larger = larger }

  func buffer(count: Int) throws(UNetError) -> Buffer {
    let buffer = if let larger { larger.buffers[next] } else { try Buffer(count: count) }
    precondition(buffer.count >= count)
    next += 1
    buffers.append(buffer)
    return buffer
  }

  func tensor(
    batch: Int, channels: Int, height: Int, width: Int, isBfloat16: Bool
  ) throws(UNetError) -> Tensor {
    let element = isBfloat16 ? ck_bf16 : ck_f32
    let count = Tensor.byteCount(
      batch: batch, channels: channels, height: height, width: width, element: element)
    return Tensor(
      try buffer(count: count), batch: batch, channels: channels, height: height, width: width,
      element: element)
  }
}
