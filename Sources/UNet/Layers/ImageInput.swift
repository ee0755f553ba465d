import CDNNL

/// The images of a batch, float32 of (batch, channels, height, width), padded with zeros at the bottom and right.
final class ImageInput {
  /// Where the first convolution reads them.
  let end: Convolution.End
  private let start: UnsafeMutablePointer<Float>
  private let planes: Int
  private let size: (height: Int, width: Int)
  private let padded: (height: Int, width: Int)
  private let engine: Engine

  init(
    batch: Int, channels: Int, height: Int, width: Int, paddedHeight: Int, paddedWidth: Int, pool: BufferPool,
    engine: Engine
  ) throws(UNetError) {
    (planes, size, padded) = (batch * channels, (height, width), (paddedHeight, paddedWidth))
    self.engine = engine
    let dimensions = [batch, channels, paddedHeight, paddedWidth]
    let count = dimensions.reduce(1, *)
    let buffer = try pool.buffer(count: count * 4)
    start = buffer.start.assumingMemoryBound(to: Float.self)
    start.update(repeating: 0, count: count)
    end = Convolution.End(
      dimensions: dimensions,
      memory: try Memory(
        dnnl_memory_desc_t(dimensions, dnnl_f32, dnnl_nchw), at: buffer.start, owner: buffer, engine: engine),
      isAnyLayout: true)
  }

  /// Copies images.
  func take(_ images: UnsafePointer<Float>) {
    engine.perform(planes) { plane in
      let source = images + plane * size.height * size.width
      let destination = start + plane * padded.height * padded.width
      for row in 0..<size.height {
        (destination + row * padded.width).update(from: source + row * size.width, count: size.width)
      }
    }
  }
}
