import MaskFormats

/// How much an import may take, whatever its files declare.
public struct ImportLimits: Equatable, Sendable {
  /// Most bytes that the members of an archive may take when decompressed, with the headers of a compressed tar archive;
  /// and most that all samples may take when decoded.
  public var maximumBytes: Int
  /// Most bytes that one image or mask that is a file of its own may take when decoded, which it does in memory.
  public var maximumFileBytes: Int
  /// Most members of an archive, folders and what is passed over among them, or files of a folder; and most samples.
  public var maximumFiles: Int

  /// No limit but the disk for bytes, and a million files: for files of one's own.
  public init(maximumBytes: Int = .max, maximumFileBytes: Int = .max, maximumFiles: Int = 1 << 20) {
    self.maximumBytes = maximumBytes
    self.maximumFileBytes = maximumFileBytes
    self.maximumFiles = maximumFiles
  }

  var archive: Archive.Limits { .init(maximumMembers: maximumFiles, maximumByteCount: maximumBytes) }
  /// For the arrays of an npz, which stay on the disk.
  var format: FormatLimits { FormatLimits(maximumBytes: maximumBytes) }
  /// For files of their own.
  var file: FormatLimits { FormatLimits(maximumBytes: min(maximumBytes, maximumFileBytes)) }
}
