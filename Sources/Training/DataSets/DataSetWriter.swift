import MaskFormats

/// Writes samples to a data set's file, one at a time.
final class DataSetWriter {
  private let output: OutputFile
  private let path: String
  private var hash = SHA256()
  private var entries: [DataSetEntry] = []
  private var channels: Int?

  /// - Throws: `DataSetError.unavailable` where no file can be made at `destination`.
  init(_ destination: Destination, name: String) throws(DataSetError) {
    output = try OutputFile(destination)
    path = name
    try output.append([UInt8](repeating: 0, count: DataSetHeader.byteCount).span.bytes)
  }

  /// Adds `sample` behind those before.
  ///
  /// - Throws: `DataSetError.invalid` where it has another number of channels than they, `tooLarge` where it has extents
  ///   or a name that the file has no room for, `unavailable` where the file cannot be written, as on a full disk.
  func append(_ sample: ImportedSample) throws(DataSetError) {
    let channels = channels ?? sample.planes.count
    guard sample.planes.count == channels else {
      throw DataSetError(
        .invalid,
        "\(sample.title): the image has \(sample.planes.count) channels; those before it have \(channels)")
    }
    self.channels = channels
    guard max(sample.height, sample.width) <= DataSetEntry.maximumExtent,
      channels <= DataSetHeader.maximumChannels, sample.name.utf8.count <= DataSetEntry.maximumNameByteCount
    else {
      throw DataSetError(
        .tooLarge,
        "\(sample.title): at most \(DataSetEntry.maximumExtent) pixels an axis, \(DataSetHeader.maximumChannels) "
          + "channels and \(DataSetEntry.maximumNameByteCount) bytes of name are allowed")
    }
    let gap = -output.count & (DataSetHeader.alignment - 1)
    try write([UInt8](repeating: 0, count: gap).span.bytes)
    let entry = DataSetEntry(
      offset: output.count, foregroundCount: sample.labels.count { $0 > 0 }, height: sample.height,
      width: sample.width, type: sample.planes[0].type, largestLabel: Int(sample.labels.max() ?? 0),
      name: sample.name)
    for plane in sample.planes {
      try plane.withBytes { (bytes) throws(DataSetError) in try write(bytes) }
    }
    try write(sample.labels.span.bytes)
    precondition(output.count == entry.labelsRange(channels: channels).upperBound)
    entries.append(entry)
  }

  /// Ends the file and opens it.
  ///
  /// - Throws: `DataSetError.invalid` where there are no samples, `unavailable` where the file cannot be written.
  func finish() throws(DataSetError) -> DataSet {
    guard let channels else { throw DataSetError(.invalid, "\(path): there are no samples") }
    let index = DataSetEntry.index(of: entries)
    var header = DataSetHeader(
      channels: channels, count: entries.count, indexOffset: output.count, indexByteCount: index.count)
    try write(index.span.bytes)
    hash.update(header.described.span.bytes)
    header.digest = hash.finish()
    try output.replaceStart(by: header.bytes.span.bytes)
    return try DataSet(try output.finish(), path: path)
  }

  private func write(_ bytes: RawSpan) throws(DataSetError) {
    hash.update(bytes)
    try output.append(bytes)
  }
}
