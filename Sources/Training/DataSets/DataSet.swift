import Hausdorff
import MaskFormats

/// Images with masks in one file, mapped into memory, so that a set that is larger than memory can be trained on.
///
/// Samples may differ in size, but not in channels. Reading is safe from any number of threads. The file must stay as it
/// is while in use: cutting it short would end the process (SIGBUS). The files that this library makes have no name, or
/// are put in their place whole and never written again; deleting or replacing one by renaming does no harm.
public final class DataSet: Sendable {
  /// Channels of every image.
  public let channels: Int
  /// SHA-256 of the samples and what is said of them, in hexadecimal: the same only where they are.
  public let digest: String
  /// The largest label of all samples; 0 where all masks are empty.
  public let largestLabel: Int
  /// Whether any pixel of any mask is not 0.
  public var hasForeground: Bool { largestLabel > 0 }
  /// Number of samples, at least 1.
  public var count: Int { entries.count }
  /// Bytes of the file.
  public var byteCount: Int { file.count }

  private let entries: [DataSetEntry]
  private let file: MappedFile
  private let path: String

  /// Opens the file at `path`, reading its header and index; see `verify` for the rest.
  ///
  /// - Throws: `DataSetError.unavailable` where it cannot be opened, `invalid` where it is no data set or not a whole one.
  public convenience init(path: String) throws(DataSetError) {
    try self.init(Self.mapped(path), path: path)
  }

  /// Takes over a mapped `file` that messages call `path`.
  init(_ file: MappedFile, path: String) throws(DataSetError) {
    let header = try DataSetHeader(
      parsing: file.bytes(0..<DataSetHeader.byteCount), fileByteCount: file.count, name: path)
    entries = try DataSetEntry.entries(
      parsing: file.bytes(header.indexOffset..<file.count), header, path: path)
    channels = header.channels
    digest = SHA256.text(header.digest)
    largestLabel = entries.reduce(0) { max($0, $1.largestLabel) }
    self.file = file
    self.path = path
  }

  /// What messages call a sample: the stem of its file, or its place in its array.
  public func name(of index: Int) -> String { entries[index].name }

  /// Height and width of a sample, in pixels.
  public func size(of index: Int) -> (height: Int, width: Int) {
    (entries[index].height, entries[index].width)
  }

  /// The largest label in a sample's mask; 0 where it is empty.
  public func largestLabel(of index: Int) -> Int { entries[index].largestLabel }

  /// Number of pixels in a sample's mask that are not 0.
  public func foregroundCount(of index: Int) -> Int { entries[index].foregroundCount }

  /// A sample's image, (channels, height, width), each value the nearest float32.
  public func image(_ index: Int) -> [Float] {
    let entry = entries[index]
    let shape = [channels, entry.height, entry.width]
    // No threshold: a rounded value need not stay on one side of anything.
    return array(entry.imageRange(channels: channels), shape, entry.type)
      .withFloats(threshold: -.infinity) { values in
        values.withUnsafeBufferPointer { Array($0) }
      }
  }

  /// A sample's mask, (height, width): 0 for background, else the label.
  public func labels(_ index: Int) -> [UInt8] {
    file.bytes(entries[index].labelsRange(channels: channels))
  }

  /// Reads all of the file and compares it with its digest, which takes as long as reading it does.
  ///
  /// - Throws: `DataSetError.invalid` where a byte has changed since it was written.
  public func verify() throws(DataSetError) {
    var hash = SHA256()
    file.withBytes { hash.update($0.extracting(DataSetHeader.byteCount..<file.count)) }
    hash.update(file.bytes(0..<DataSetHeader.digestRange.lowerBound).span.bytes)
    guard file.bytes(DataSetHeader.digestRange) == hash.finish() else {
      throw DataSetError(.invalid, "\(path): the data set is damaged: its digest is that of other bytes")
    }
  }

  private func array(_ range: Range<Int>, _ shape: [Int], _ type: ScalarType) -> NumericArray {
    do throws(FormatError) {
      let limits = FormatLimits(maximumBytes: .max)
      return try Raw.array(file, range: range, shape: shape, type: type, limits: limits)
    } catch {
      preconditionFailure("opening measured this: \(error.detail)")
    }
  }
}
