import CDNNL
import CKernels
import Glibc

/// Memory for elements, aligned for vectors.
final class Buffer {
  let start: UnsafeMutableRawPointer
  let count: Int

  /// `count` bytes of zeros; large ones come in huge pages where the system has them.
  init(count: Int) throws(UNetError) {
    let hugePage = 2 << 20
    var memory: UnsafeMutableRawPointer?
    guard posix_memalign(&memory, count < hugePage ? 64 : hugePage, max(1, count)) == 0, let memory else {
      throw UNetError(.system, "out of memory: \(count) bytes for a tensor")
    }
    if count >= hugePage { madvise(memory, count, MADV_HUGEPAGE) }
    memset(memory, 0, count)
    (start, self.count) = (memory, count)
  }

  deinit { free(start) }
}

/// Activations of a layer, or the loss's derivatives by them: (batch, channels / 16, height, width, 16), which is the
/// layout that oneDNN convolves best under AVX-512 and calls `nChw16c`.
///
/// Channels are rounded up to whole blocks of 16; those beyond stay 0.
final class Tensor {
  /// Channels of a block.
  static let block = Int(ck_block)

  let batch: Int
  let blocks: Int
  let height: Int
  let width: Int
  let element: ck_element
  let start: UnsafeMutableRawPointer
  /// Bytes from an image to the next.
  let imageStride: Int
  let buffer: Buffer

  var channels: Int { blocks * Tensor.block }
  /// Pixels of a plane.
  var pixels: Int { height * width }
  var elementSize: Int { element == ck_bf16 ? 2 : 4 }
  /// Bytes of a pixel's 16 channels.
  var pixelStride: Int { Tensor.block * elementSize }

  /// The number of bytes that such a tensor takes.
  static func byteCount(batch: Int, channels: Int, height: Int, width: Int, element: ck_element) -> Int {
    batch * blocks(channels) * Tensor.block * height * width * (element == ck_bf16 ? 2 : 4)
  }

  /// Blocks that hold so many channels.
  static func blocks(_ channels: Int) -> Int { (channels + Tensor.block - 1) / Tensor.block }

  /// So many channels in whole blocks.
  static func roundedUp(_ channels: Int) -> Int { blocks(channels) * block }

  /// Takes the beginning of `buffer`.
  init(_ buffer: Buffer, batch: Int, channels: Int, height: Int, width: Int, element: ck_element) {
    self.buffer = buffer
    (self.batch, self.height, self.width, self.element) = (batch, height, width, element)
    blocks = Tensor.blocks(channels)
    start = buffer.start
    let count = Tensor.byteCount(
      batch: batch, channels: channels, height: height, width: width, element: element)
    precondition(count <= buffer.count)
    imageStride = count / batch
  }

  /// Some blocks of `tensor`'s channels, in place.
  init(_ tensor: Tensor, blocks: Range<Int>) {
    precondition(blocks.lowerBound >= 0 && blocks.upperBound <= tensor.blocks)
    (batch, height, width, element) = (tensor.batch, tensor.height, tensor.width, tensor.element)
    (imageStride, buffer) = (tensor.imageStride, tensor.buffer)
    self.blocks = blocks.count
    start = tensor.start + blocks.lowerBound * tensor.pixels * tensor.pixelStride
  }

  /// Where a row of a block of an image begins.
  func row(_ row: Int, image: Int, block: Int) -> UnsafeMutableRawPointer {
    start + image * imageStride + (block * pixels + row * width) * pixelStride
  }

  /// Extents as oneDNN takes them.
  var dimensions: [Int] { [batch, channels, height, width] }

  var dataType: dnnl_data_type_t { element == ck_bf16 ? dnnl_bf16 : dnnl_f32 }

  /// oneDNN's description; the tensor is dense, as one image always is.
  func description() throws(UNetError) -> dnnl_memory_desc_t {
    precondition(
      batch == 1 || imageStride == channels * pixels * elementSize, "a slice has no description of its own")
    return try dnnl_memory_desc_t(dimensions, dataType, dnnl_nChw16c)
  }
}

extension Tensor {
  /// A part of a tensor's rows: what one call of a kernel works on.
  struct Band {
    let image: Int
    let block: Int
    let rows: Range<Int>
  }

  /// Rows of a band: an even number, of so few pixels that they stay in a core's cache.
  private var rowsOfBand: Int { max(2, 2048 / width & ~1) }
  private var bandsOfPlane: Int { (height + rowsOfBand - 1) / rowsOfBand }

  var bandCount: Int { batch * blocks * bandsOfPlane }

  /// The bands of a block of an image.
  func bands(ofBlock block: Int, image: Int) -> Range<Int> {
    let first = (image * blocks + block) * bandsOfPlane
    return first..<first + bandsOfPlane
  }

  /// The bands of all planes, images outermost.
  func band(_ index: Int) -> Band {
    let (plane, band) = index.quotientAndRemainder(dividingBy: bandsOfPlane)
    let (image, block) = plane.quotientAndRemainder(dividingBy: blocks)
    return Band(
      image: image, block: block,
      rows: band * rowsOfBand..<min(height, (band + 1) * rowsOfBand))
  }

  /// Where a band begins.
  func start(of band: Band) -> UnsafeMutableRawPointer {
    row(band.rows.lowerBound, image: band.image, block: band.block)
  }
}

extension dnnl_memory_desc_t {
  /// A description by extents and a format tag.
  init(
    _ dimensions: [Int], _ type: dnnl_data_type_t, _ tag: dnnl_format_tag_t
  ) throws(UNetError) {
    self.init()
    // The function reads as many extents as its type's array has.
    var extents = dimensions.map(Int64.init)
    extents += [Int64](repeating: 0, count: 12 - extents.count)
    try Engine.check(
      dnnl_memory_desc_init_by_tag(&self, Int32(dimensions.count), extents, type, tag),
      "dnnl_memory_desc_init_by_tag")
  }
}

/// A oneDNN memory object over elements that somebody else owns, or over its own.
final class Memory {
  let handle: dnnl_memory_t
  let description: dnnl_memory_desc_t
  private let owner: AnyObject?

  /// Over the elements at `start`, which `owner` keeps, or the caller.
  init(
    _ description: dnnl_memory_desc_t, at start: UnsafeMutableRawPointer, owner: AnyObject?, engine: Engine
  ) throws(UNetError) {
    var memory: dnnl_memory_t?
    var copy = description
    try Engine.check(dnnl_memory_create(&memory, &copy, engine.handle, start), "dnnl_memory_create")
    handle = memory!
    (self.description, self.owner) = (description, owner)
  }

  /// Over elements of its own.
  convenience init(_ description: dnnl_memory_desc_t, engine: Engine) throws(UNetError) {
    var copy = description
    let buffer = try Buffer(count: dnnl_memory_desc_get_size(&copy))
    try self.init(description, at: buffer.start, owner: buffer, engine: engine)
  }

  /// Over all of a tensor.
  convenience init(_ tensor: Tensor, engine: Engine) throws(UNetError) {
    try self.init(tensor.description(), at: tensor.start, owner: tensor, engine: engine)
  }

  deinit { dnnl_memory_destroy(handle) }

  func hasLayout(_ other: dnnl_memory_desc_t) -> Bool {
    var (mine, other) = (description, other)
    return dnnl_memory_desc_equal(&mine, &other) != 0
  }
}

extension Tensor {
  /// Sets a share of the values to 0 and scales the others, by a pattern of each seed.
  func drop(rate: Float, seed: UInt64, engine: Engine) {
    engine.perform(bandCount) { index in
      let band = band(index)
      let first = (band.image * blocks + band.block) * pixels + band.rows.lowerBound * width
      ck_drop(
        engine.variant, element, start(of: band), Int64(band.rows.count * width), seed,
        UInt64(first * Tensor.block), rate)
    }
  }
}
